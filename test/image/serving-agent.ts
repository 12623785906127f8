import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

const READY_WITHIN_MS = 30_000;
const ENDS_WITHIN_MS = 10_000;

/** An agent that was started out of an image. */
export interface StartedAgent {
  readonly process: ChildProcess;
  /** Where it serves on loopback. */
  readonly port: number;
  /** Signals the agent itself, not what runs it. */
  signal(name: NodeJS.Signals): void;
}

/** Waits until it is ready, reads its metrics, and ends it as Kubernetes does: it must go in time, and say so. */
export async function servesAndEnds(t: TestContext, { process: child, port, signal }: StartedAgent): Promise<void> {
  const begin = performance.now();
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (data: Buffer) => (said += data));
  try {
    await untilReady(child, port, () => said);
    t.diagnostic(`ready after ${Math.round(performance.now() - begin)} ms`);
    const page = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    assert.match(page, /^hairpin_probe_agent_info\{.*node="n1"/m);
  } finally {
    if (child.exitCode === null) await end(child, signal);
  }
  assert.match(said, /stopp/i);
}

/** @throws AssertionError with what it said, when it ends or takes too long. */
export async function untilReady(child: ChildProcess, port: number, said: () => string): Promise<void> {
  const begin = performance.now();
  while (!(await isReady(port))) {
    assert.ok(child.exitCode === null && performance.now() - begin < READY_WITHIN_MS, said());
    await sleep(10);
  }
}

const isReady = (port: number): Promise<boolean> =>
  fetch(`http://127.0.0.1:${port}/readyz`).then(
    ({ ok }) => ok,
    () => false,
  );

/** Ends it as Kubernetes does. @throws AbortError when it does not go in time; then it is killed. */
export async function end(child: ChildProcess, signal: StartedAgent["signal"]): Promise<void> {
  const ended = once(child, "exit", { signal: AbortSignal.timeout(ENDS_WITHIN_MS) });
  signal("SIGTERM");
  try {
    await ended;
  } catch (error) {
    signal("SIGKILL");
    throw error;
  }
}
