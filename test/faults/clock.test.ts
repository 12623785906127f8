/** Clocks that jump, and an agent that is stopped: what is measured is measured by monotonic time, and a gap is nobody's timeout. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { DROPPING, type FarmAgent, HEALTHY, startFarmAgent, TIMEOUT_MS } from "../../bench/agent-run.ts";
import { startFrontendFarm } from "../../bench/frontend-farm.ts";
import { inOwnSandbox } from "../../lab/runner/own-sandbox.ts";
import { type Sample, sumOf } from "../../src/domain/exposition.ts";
import { eventually } from "../support/waiting.ts";

const JUMPING_CLOCK = fileURLToPath(new URL("./jumping-clock.ts", import.meta.url));
const RATE = 100;
const FRONTENDS = 20;
/** Far longer than a connect on this machine takes, and far shorter than any jump or stop of these tests. */
const WRONG_SECONDS = "0.9";

/** What was counted between two pages, by kind of frontend. */
interface Counts {
  readonly healthy: number;
  readonly healthyFailures: number;
  readonly dropped: number;
  readonly timeouts: number;
  readonly discarded: number;
  /** Successes with a time that is not the network's. */
  readonly slow: number;
}

function countsOf(page: readonly Sample[]): Counts {
  const sum = (name: string, labels: Readonly<Record<string, string>> = {}): number =>
    sumOf(page, `hairpin_probe_${name}`, labels);
  return {
    healthy: sum("attempts_total", { frontend_zone: HEALTHY }),
    healthyFailures: sum("failures_total", { frontend_zone: HEALTHY }),
    dropped: sum("attempts_total", { frontend_zone: DROPPING }),
    timeouts: sum("failures_total", { frontend_zone: DROPPING, reason: "connect_timeout" }),
    discarded: sum("discarded_total"),
    slow: sum("connect_duration_seconds_count") - sum("connect_duration_seconds_bucket", { le: WRONG_SECONDS }),
  };
}

/** Lets a real agent probe healthy and dropping frontends while its clocks are disturbed. */
async function withAgent(preload: readonly string[], use: (agent: FarmAgent) => Promise<void>): Promise<void> {
  const farm = await startFrontendFarm({ frontends: FRONTENDS, droppingShare: 0.3, core: 1 });
  try {
    const agent = await startFarmAgent({ farm, rate: RATE, core: 0 }, preload);
    try {
      await use(agent);
    } finally {
      await agent.close();
    }
  } finally {
    await farm.close();
  }
}

/** Waits until this much more has been counted. @returns what was, and how long the wait took at most, in seconds. */
async function untilMore(
  agent: FarmAgent,
  more: Partial<Counts>,
): Promise<{ readonly counts: Counts; readonly seconds: number }> {
  const startedMs = performance.now();
  const before = countsOf(await agent.scrape());
  let counts = before;
  await eventually(async () => {
    const now = countsOf(await agent.scrape());
    counts = Object.fromEntries(
      Object.entries(now).map(([name, count]) => [name, count - before[name as keyof Counts]]),
    ) as unknown as Counts;
    for (const [name, wanted] of Object.entries(more)) assert.ok(counts[name as keyof Counts] >= wanted, JSON.stringify(counts));
  });
  return { counts, seconds: (performance.now() - startedMs) / 1000 };
}

function assertNothingFalse({ healthyFailures, dropped, timeouts, slow }: Counts): void {
  assert.equal(healthyFailures, 0);
  assert.equal(timeouts, dropped, "what is dropped times out, and is nothing else");
  assert.equal(slow, 0, "no time of a jump or a stop passes as the network's");
}

/** Attempts that may end in this time: those that begin in it, and those that were in flight before. */
const mostIn = (seconds: number): number => RATE * (seconds + TIMEOUT_MS / 1000) + FRONTENDS;

await inOwnSandbox(import.meta.filename, () => {
  test("a time of day that jumps by hours and years, forward and back, changes no rate, no time and no outcome", async (t) => {
    await withAgent([JUMPING_CLOCK], async (agent) => {
      const { counts, seconds } = await untilMore(agent, { healthy: 300, timeouts: 60 });
      t.diagnostic(JSON.stringify({ ...counts, seconds }));
      assertNothingFalse(counts);
      const ended = counts.healthy + counts.dropped + counts.discarded;
      assert.ok(ended <= mostIn(seconds), `${ended} attempts in ${seconds} s: a jump let the agent hurry`);
    });
  });

  test("an agent that is suspended for longer than its timeout calls nothing failed for it, makes up for nothing, and goes on", async (t) => {
    const SUSPENDED_MS = 5_000;
    await withAgent([], async (agent) => {
      await untilMore(agent, { healthy: 50, timeouts: 5 });
      const startedMs = performance.now();
      const before = countsOf(await agent.scrape());
      agent.process.kill("SIGSTOP");
      await sleep(SUSPENDED_MS);
      agent.process.kill("SIGCONT");
      const { counts, seconds } = await untilMore(agent, { healthy: 200, timeouts: 40 });
      t.diagnostic(JSON.stringify({ ...counts, seconds }));
      assertNothingFalse(counts);
      const after = countsOf(await agent.scrape());
      assert.equal(after.healthyFailures, 0);
      assert.equal(after.slow, 0);
      const [made, gone] = [after.healthy + after.dropped - before.healthy - before.dropped, after.discarded - before.discarded];
      assert.ok(made <= mostIn(seconds), `${made} attempts in ${seconds} s: none makes up for those that were missed`);
      const missed = RATE * (SUSPENDED_MS / 1000);
      assert.ok(gone >= missed / 2, `${gone} discarded, of ${missed} slots that went by`);
      const most = mostIn((performance.now() - startedMs) / 1000);
      assert.ok(
        made + gone <= most,
        `${made} attempts and ${gone} discarded, of ${most} slots: some were counted again and again`,
      );
    });
  });
});
