import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { LoopWatch } from "../../src/probe/loop-watch.ts";
import { Steps } from "../../src/probe/steps.ts";
import { onClock } from "./loop-on-clock.ts";

const TIMEOUT_MS = 100;

/** Steps of attempts that begin at some milliseconds, and after how many more each is to look at its deadline. */
const begun = (startsMs: readonly number[]) => {
  const times = { now: 0 };
  const watch = new LoopWatch({ nowMs: () => times.now, idleMs: () => times.now });
  const timers = mock.method(globalThis, "setTimeout");
  const all = startsMs.map((startMs) => {
    times.now = startMs;
    const before = timers.mock.callCount();
    const steps = new Steps({ watch, signal: new AbortController().signal, timeoutMs: TIMEOUT_MS, usualMs: [] });
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
  const steps = new Steps({ watch, signal: new AbortController().signal, timeoutMs: TIMEOUT_MS, usualMs: [] });
  timers.mock.restore();
  const [deadline] = timers.mock.calls.filter(({ arguments: [, delayMs = 0] }) => delayMs >= TIMEOUT_MS);
  times.now = TIMEOUT_MS + 12;
  deadline?.arguments[0]();
  steps.dispose();
  assert.equal(beats, 1);
});

/** A step that nobody answers, of an attempt whose steps are usually answered after so long; the loop is held up for some time within. */
async function latenessOf(usualMs: readonly number[], heldUp: { readonly afterMs: number; readonly forMs: number }) {
  const { watch, pass, stop } = onClock();
  const steps = new Steps({ watch, signal: new AbortController().signal, timeoutMs: TIMEOUT_MS, usualMs });
  const ended = steps.run((_, sent) => sent());
  await pass(heldUp.afterMs);
  stop(heldUp.forMs);
  await pass(2 * TIMEOUT_MS);
  assert.deepEqual(await ended, { kind: "deadline" });
  steps.dispose();
  return { worst: steps.worstLatenessMs, deadline: steps.deadlineLatenessMs };
}

test("a timeout is as late as its answer would have been", async () => {
  const heldUp = { afterMs: 19, forMs: 50 };
  assert.equal((await latenessOf([1], heldUp)).worst, 0, "it would have come before");
  assert.ok((await latenessOf([20], heldUp)).worst > 30);
  assert.ok((await latenessOf([1, 19], heldUp)).worst > 30, "and so would the answer to the step that never came");
  assert.equal((await latenessOf([80], heldUp)).worst, 0, "it would have come after");
});

test("a deadline that is looked at late makes no answer late", async () => {
  const { worst, deadline } = await latenessOf([1], { afterMs: 90, forMs: 100 });
  assert.equal(worst, 0);
  assert.ok(deadline > 50, `${deadline}`);
});

test("whenever the thread is held up while it takes the time, that is lateness, and not the network's", async () => {
  const HELD_UP_MS = 60;
  for (let reading = 0; reading < 6; reading++) {
    let readings = Number.NEGATIVE_INFINITY;
    let nowMs = 0;
    const watch = new LoopWatch({
      nowMs: () => {
        if (readings++ === reading) nowMs += HELD_UP_MS;
        return nowMs;
      },
      idleMs: () => Math.min(nowMs, 1),
    });
    const steps = new Steps({ watch, signal: new AbortController().signal, timeoutMs: 2 * HELD_UP_MS, usualMs: [] });
    const result = await steps.run((settle, sent) => {
      sent();
      nowMs = 1;
      readings = 0;
      settle();
    });
    steps.dispose();
    assert.equal(result.kind, "done");
    assert.ok(result.seconds * 1000 < HELD_UP_MS || steps.worstLatenessMs >= HELD_UP_MS, `at reading ${reading}`);
  }
});
