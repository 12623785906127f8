/**
 * A starved agent blames nobody: whatever holds the prober up, a connection that the kernel completed in time is never called a
 * timeout, no wrong time passes as the network's, and what was read late is discarded. A real silent drop is still seen.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { inOwnSandbox } from "../../lab/runner/own-sandbox.ts";
import { expectedCounts } from "../../src/domain/binomial.ts";
import type { Outcome } from "../../src/domain/outcome.ts";
import { firewall, serve } from "./fixture.ts";

const PROBER = fileURLToPath(new URL("./starved-prober.ts", import.meta.url));
const DROPPING = "127.9.0.9";
/** Connects on the loopback interface take a third of a millisecond; the bound on what may pass, and the heartbeat, add up to 25 ms. */
const WRONG_MS = 25;
/** Longer than a failed connect may be read late: none that succeeded is that late and a failure. */
const TIMEOUT_MS = 800;
/** Longer than a server that shares a busy machine takes to answer. */
const PATIENT_MS = 2_000;
const ANSWER_AFTER_MS = 40;
/** The throttled prober is said to discard unevenly by luck once in so many runs. */
const ALPHA = 1e-5;
const NO_CONTENT = "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n";

/** One attempt, and how long the prober's thread waited for a processor meanwhile, as the kernel has it. */
interface Attempted {
  readonly outcome: Outcome;
  readonly waitedMs: number;
}

interface Seen {
  readonly healthy: readonly Attempted[];
  readonly dropping: readonly Attempted[];
}

interface Starving {
  readonly seconds: number;
  readonly blockMs?: number;
  readonly phase?: string;
  readonly protocol?: "tcp" | "http";
  readonly timeoutMs?: number;
}

/** Runs the prober while `disturb` holds it up, and reads what it says. */
async function starve(
  t: TestContext,
  options: Starving,
  disturb: (prober: ChildProcess) => Promise<void> = async () => {},
): Promise<Seen> {
  firewall(t, DROPPING, "drop");
  const { seconds, blockMs = 0, phase = "none", protocol = "tcp", timeoutMs = TIMEOUT_MS } = options;
  const port = await serve(t, (socket) => {
    socket.resume();
    // An answer that takes its time has attempts in flight at any moment, also at that of a stop.
    if (protocol === "http") socket.once("data", () => setTimeout(() => socket.end(NO_CONTENT), ANSWER_AFTER_MS));
  });
  const prober = spawn(
    process.execPath,
    [PROBER, ...[port, protocol, DROPPING, seconds, timeoutMs, blockMs, phase].map(String)],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  let text = "";
  prober.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  const closed = once(prober, "close");
  try {
    await disturb(prober);
    await closed;
  } finally {
    prober.kill("SIGKILL");
  }
  const lines = text.split("\n").filter((line) => line !== "");
  const seen = lines.map((line) => JSON.parse(line) as Attempted & { readonly name: keyof Seen });
  const of = (name: keyof Seen) => seen.filter((one) => one.name === name);
  return { healthy: of("healthy"), dropping: of("dropping") };
}

const count = (attempted: readonly Attempted[], kind: Outcome["kind"]): number =>
  attempted.filter(({ outcome }) => outcome.kind === kind).length;

/** What the kernel saw of the machine's own starvation is none of what the test does to the prober. */
const isWrong = ({ outcome, waitedMs }: Attempted, allowsWaiting: boolean): boolean =>
  outcome.kind === "success" && (outcome.phases.connect ?? 0) * 1000 > WRONG_MS + (allowsWaiting ? waitedMs : 0);

/**
 * @param wrongShare - Of the successes, with a time that is not the network's: what a hypervisor takes away nobody can see. Where some are
 *   allowed, it is by waiting that the test starves the prober, and waiting explains none.
 */
function assertBlamesNobody({ healthy, dropping }: Seen, t: TestContext, wrongShare = 0): void {
  const failures = healthy.filter(({ outcome }) => outcome.kind === "failure");
  assert.deepEqual(failures, [], "healthy connections that were called failures");
  const wrong = healthy.filter((each) => isWrong(each, wrongShare === 0));
  assert.ok(wrong.length <= wrongShare * count(healthy, "success"), `wrong connect times: ${JSON.stringify(wrong)}`);
  for (const { outcome } of healthy) if (outcome.kind === "discarded") assert.equal(outcome.why, "late");
  assert.ok(count(healthy, "discarded") > 0, "the control: the prober was held up");
  assert.ok(count(healthy, "success") > 0, "the control: it had its moments");
  const timeouts = dropping.filter(({ outcome }) => outcome.kind === "failure" && outcome.reason === "connect_timeout");
  assert.ok(timeouts.length > 0, "a real silent drop is still seen");
  assert.equal(count(dropping, "success"), 0);
  const counts = {
    success: count(healthy, "success"),
    discarded: count(healthy, "discarded"),
    drops: timeouts.length,
    dropsDiscarded: count(dropping, "discarded"),
  };
  t.diagnostic(JSON.stringify(counts));
}

/**
 * Of successes no more are discarded than of timeouts, so that no share is too high. A machine that stands still for half a second makes it
 * discard timeouts besides.
 */
function assertKeepsShare({ healthy, dropping }: Seen): void {
  const [ofHealthy, ofDropping] = [count(healthy, "discarded"), count(dropping, "discarded")];
  const { high } = expectedCounts(ofHealthy + ofDropping, healthy.length / (healthy.length + dropping.length), ALPHA);
  assert.ok(ofHealthy <= high, `of ${ofHealthy + ofDropping} discards ${ofHealthy} were successes`);
}

/** Stops and continues a process, again and again. */
async function stopAndGo(prober: ChildProcess, stopsMs: readonly number[], goMs: number): Promise<void> {
  for (const stopMs of stopsMs) {
    await sleep(goMs);
    prober.kill("SIGSTOP");
    await sleep(stopMs);
    prober.kill("SIGCONT");
  }
}

/** A cgroup that may use 5 % of a processor, and how to put a process into it. */
function throttledCgroup(): { readonly add: (pid: number) => void; readonly remove: () => void } | undefined {
  // Another run of the tests has processes of the same numbers in its sandbox.
  const name = `hairpin-probe-test-${randomUUID()}`;
  const make = (directory: string, files: Readonly<Record<string, string>>) => {
    mkdirSync(directory);
    try {
      for (const [file, value] of Object.entries(files)) writeFileSync(join(directory, file), value);
    } catch (error) {
      rmdirSync(directory);
      throw error;
    }
    return {
      add: (pid: number) => writeFileSync(join(directory, "cgroup.procs"), String(pid)),
      remove: () => rmdirSync(directory),
    };
  };
  try {
    if (existsSync("/sys/fs/cgroup/cgroup.controllers")) {
      if (!readFileSync("/sys/fs/cgroup/cgroup.subtree_control", "utf8").includes("cpu")) return undefined;
      return make(`/sys/fs/cgroup/${name}`, { "cpu.max": "5000 100000" });
    }
    return make(`/sys/fs/cgroup/cpu/${name}`, { "cpu.cfs_period_us": "100000", "cpu.cfs_quota_us": "5000" });
  } catch (error) {
    // Not root, a read-only mount, a container: there is none to be had.
    if (["EACCES", "EPERM", "EROFS", "ENOENT"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
}

await inOwnSandbox(import.meta.filename, () => {
  for (const phase of ["timers", "poll", "check"]) {
    for (const blockMs of phase === "timers" ? [40, 250] : [120]) {
      test(`held up by ${blockMs} ms of work in the ${phase} phase`, async (t) => {
        assertBlamesNobody(await starve(t, { seconds: 1.5, blockMs, phase }), t);
      });
    }
  }

  test("held up by work that takes longer than the timeout", async (t) => {
    const { healthy } = await starve(t, { seconds: 4, blockMs: TIMEOUT_MS + 200, phase: "timers" });
    assert.deepEqual(
      healthy.filter(({ outcome }) => outcome.kind === "failure"),
      [],
    );
    assert.ok(count(healthy, "discarded") > 0 && count(healthy, "success") > 0);
  });

  test("stopped and continued, shorter and longer than the timeout", async (t) => {
    const seen = await starve(t, { seconds: 4, protocol: "http", timeoutMs: PATIENT_MS }, (prober) =>
      stopAndGo(prober, [60, 120, 700, 90, 300, PATIENT_MS + 500], 180),
    );
    assertBlamesNobody(seen, t);
  });

  test("on 5 % of a processor: fewer attempts, and the same share", async (t) => {
    const throttled = { seconds: 4, timeoutMs: PATIENT_MS };
    const cgroup = throttledCgroup();
    if (cgroup === undefined) {
      t.diagnostic("NOT THROTTLED BY A CGROUP: none can be had here; the same pattern is made with SIGSTOP and SIGCONT");
      const pattern = Array.from({ length: 30 }, () => 95);
      const throttle = async (prober: ChildProcess) => {
        await sleep(700);
        await stopAndGo(prober, pattern, 5);
      };
      const seen = await starve(t, { ...throttled, protocol: "http" }, throttle);
      assertBlamesNobody(seen, t, 0.02);
      assertKeepsShare(seen);
      return;
    }
    try {
      const seen = await starve(t, { ...throttled, protocol: "http" }, async (prober) => {
        // An answer takes its time, so that whenever it is throttled there are attempts in flight. It may start at full speed; what is tested is the probing.
        await sleep(700);
        cgroup.add(prober.pid ?? 0);
      });
      assertBlamesNobody(seen, t, 0.02);
      assertKeepsShare(seen);
    } finally {
      cgroup.remove();
    }
  });
});
