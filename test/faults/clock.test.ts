/** Clocks that jump, and an agent that is stopped: what is measured is measured by monotonic time, and a gap is nobody's timeout. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type FarmAgent, startFarmAgent } from "../../bench/agent-run.ts";
import { startFrontendFarm } from "../../bench/frontend-farm.ts";
import { inOwnSandbox } from "../../lab/runner/own-sandbox.ts";
import { type Sample, sumOf } from "../../src/domain/exposition.ts";

const JUMPING_CLOCK = fileURLToPath(new URL("./jumping-clock.ts", import.meta.url));
const RATE = 100;
const DROPPING_SHARE = 0.3;
/** Of an attempt; the agent of the bench has this one. */
const TIMEOUT_MS = 3_000;

interface Counts {
  readonly attempts: number;
  readonly timeouts: number;
  readonly others: number;
  readonly discarded: number;
  /** Connects that took longer than any on this machine does. */
  readonly slow: number;
}

function countsOf(page: readonly Sample[]): Counts {
  const sum = (name: string, labels: Readonly<Record<string, string>> = {}): number =>
    sumOf(page, `hairpin_probe_${name}`, labels);
  const timeouts = sum("failures_total", { reason: "connect_timeout" });
  return {
    attempts: sum("attempts_total"),
    timeouts,
    others: sum("failures_total") - timeouts,
    discarded: sum("discarded_total"),
    slow: sum("connect_duration_seconds_count") - sum("connect_duration_seconds_bucket", { le: "0.1" }),
  };
}

/** Lets a real agent probe healthy and dropping frontends while its clocks are disturbed. */
async function counted(preload: readonly string[], disturb: (agent: FarmAgent) => Promise<void>): Promise<Counts> {
  const farm = await startFrontendFarm({ frontends: 20, droppingShare: DROPPING_SHARE, core: 1 });
  try {
    const agent = await startFarmAgent({ farm, rate: RATE, core: 0 }, preload);
    try {
      await sleep(TIMEOUT_MS);
      const before = countsOf(await agent.scrape());
      await disturb(agent);
      const after = countsOf(await agent.scrape());
      return Object.fromEntries(
        Object.entries(after).map(([name, count]) => [name, count - before[name as keyof Counts]]),
      ) as unknown as Counts;
    } finally {
      await agent.close();
    }
  } finally {
    await farm.close();
  }
}

await inOwnSandbox(import.meta.filename, () => {
  test("a time of day that jumps by hours and years, forward and back, changes no rate, no time and no outcome", async (t) => {
    const SECONDS = 6;
    const counts = await counted([JUMPING_CLOCK], () => sleep(SECONDS * 1000));
    t.diagnostic(JSON.stringify(counts));
    assert.ok(Math.abs(counts.attempts / (RATE * SECONDS) - 1) < 0.15, `${counts.attempts} attempts`);
    assert.ok(Math.abs(counts.timeouts / counts.attempts - DROPPING_SHARE) < 0.08, `${counts.timeouts} timeouts`);
    assert.equal(counts.others, 0);
    assert.equal(counts.slow, 0);
  });

  test("an agent that is suspended for longer than its timeout calls nothing failed for it, makes up for nothing, and goes on", async (t) => {
    const SUSPENDED_MS = 5_000;
    const AFTER_MS = 4_000;
    const counts = await counted([], async (agent) => {
      agent.process.kill("SIGSTOP");
      await sleep(SUSPENDED_MS);
      agent.process.kill("SIGCONT");
      await sleep(AFTER_MS);
    });
    t.diagnostic(JSON.stringify(counts));
    assert.equal(counts.others, 0);
    assert.equal(counts.slow, 0, "no time of the suspension passes as the network's");
    // Drops from before are timeouts of the time before, whether they are read in time or discarded.
    const most = DROPPING_SHARE * RATE * ((TIMEOUT_MS + AFTER_MS) / 1000) * 1.2;
    assert.ok(counts.timeouts <= most, `${counts.timeouts} timeouts, at most ${most}`);
    assert.ok(counts.attempts <= RATE * ((TIMEOUT_MS + AFTER_MS) / 1000) * 1.2, `${counts.attempts} attempts`);
    assert.ok(counts.attempts >= RATE * (AFTER_MS / 1000) * 0.6, `${counts.attempts} attempts`);
    assert.ok(counts.discarded >= RATE * (SUSPENDED_MS / 1000) * 0.7, `${counts.discarded} discarded: slots that went by`);
  });
});
