import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { LoopWatch } from "../../src/probe/loop-watch.ts";
import { Steps } from "../../src/probe/steps.ts";

const TIMEOUT_MS = 100;

/** Steps of attempts that begin at some milliseconds, and after how many more each is to look at its deadline. */
const begun = (startsMs: readonly number[]) => {
  const times = { now: 0 };
  const watch = new LoopWatch({ nowMs: () => times.now, idleMs: () => times.now });
  const timers = mock.method(globalThis, "setTimeout");
  const all = startsMs.map((startMs) => {
    times.now = startMs;
    const before = timers.mock.callCount();
    const steps = new Steps({ watch, signal: new AbortController().signal, timeoutMs: TIMEOUT_MS });
    const delays = timers.mock.calls.slice(before).map(({ arguments: [, delayMs] }) => delayMs ?? 0);
    return { steps, delayMs: Math.max(...delays) };
  });
  timers.mock.restore();
  return {
    times,
    all,
    dispose: () => {
      for (const { steps } of all) steps.dispose();
    },
  };
};

test("deadlines of attempts that began within a moment are looked at together, none of them early", () => {
  const startsMs = [1.5, 6, 10.2, 11.9];
  const { all, dispose } = begun(startsMs);
  dispose();
  const atMs = all.map(({ delayMs }, i) => (startsMs[i] ?? 0) + delayMs);
  for (const [i, startMs] of startsMs.entries()) assert.ok((atMs[i] ?? 0) >= startMs + TIMEOUT_MS, `${atMs[i]}`);
  assert.deepEqual(atMs.map(Math.floor), [112, 112, 112, 112]);
});

test("what came in after its deadline and before that is late all the same, and nobody's lateness", async () => {
  const { times, all, dispose } = begun([1.5]);
  const [first] = all;
  const result = first?.steps.run((settle) => {
    times.now = 1.5 + TIMEOUT_MS + 8;
    settle();
  });
  assert.deepEqual(await result, { kind: "deadline" });
  dispose();
});

test("a deadline that has come is a heartbeat, too: it needs no wake-up of its own then", () => {
  const times = { now: 0 };
  let beats = 0;
  const onBeat = () => {
    beats++;
    return undefined;
  };
  const watch = new LoopWatch({ nowMs: () => times.now, idleMs: () => times.now }, onBeat);
  const timers = mock.method(globalThis, "setTimeout");
  const steps = new Steps({ watch, signal: new AbortController().signal, timeoutMs: TIMEOUT_MS });
  timers.mock.restore();
  const [deadline] = timers.mock.calls.filter(({ arguments: [, delayMs = 0] }) => delayMs >= TIMEOUT_MS);
  times.now = TIMEOUT_MS + 12;
  deadline?.arguments[0]();
  steps.dispose();
  assert.equal(beats, 1);
});
