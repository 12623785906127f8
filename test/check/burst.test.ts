import assert from "node:assert/strict";
import { test } from "node:test";
import { runBurst, settledTrials, type Trial } from "../../src/check/burst.ts";
import type { Outcome } from "../../src/domain/outcome.ts";
import { systemClock } from "../../src/schedule/system-clock.ts";

const SUCCESS: Outcome = { kind: "success", phases: {} };
const base = { rate: 2_000, clock: systemClock, random: () => 0.5, onProgress: () => {} };
const subject = (count: number, everyNth = 1, attempt: () => Promise<Outcome> = async () => SUCCESS) => {
  const trials: Trial[] = [];
  return { trials, everyNth, attempt, isDone: () => trials.length >= count };
};

test("subjects take turns, one with a control's weight has a share of them", async () => {
  const [a, b, control] = [subject(20), subject(20), subject(4, 5)];
  await runBurst({ ...base, subjects: [a, b, control], signal: new AbortController().signal });
  assert.deepEqual([a.trials.length, b.trials.length, control.trials.length], [20, 20, 4]);
  assert.ok([...a.trials, ...b.trials].every(({ outcome }) => outcome === SUCCESS));
});

test("the share holds while the burst goes on, not only in the end", async () => {
  const a = subject(50);
  const trials: Trial[] = [];
  const control = { trials, everyNth: 5, attempt: async () => SUCCESS, isDone: a.isDone };
  await runBurst({ ...base, subjects: [a, control], signal: new AbortController().signal });
  assert.ok(trials.length >= 9 && trials.length <= 11, `${trials.length}`);
});

test("attempts do not wait for each other, and all have ended when it returns", async () => {
  const open: (() => void)[] = [];
  const slow = subject(5, 1, () => new Promise((resolve) => open.push(() => resolve(SUCCESS))));
  const burst = runBurst({ ...base, subjects: [slow], signal: new AbortController().signal });
  while (open.length < 5) await new Promise((resolve) => setTimeout(resolve, 1));
  assert.equal(slow.trials.filter(({ outcome }) => outcome === undefined).length, 5);
  for (const end of open) end();
  await burst;
  assert.equal(slow.trials.filter(({ outcome }) => outcome === undefined).length, 0);
});

test("a verdict that an attempt under way turns around gets more attempts", async () => {
  let isDone = false;
  const trials: Trial[] = [];
  const turning = {
    trials,
    everyNth: 1,
    attempt: async () => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      isDone = trials.length > 1;
      return SUCCESS;
    },
    isDone: () => isDone || trials.some(({ outcome }) => outcome === undefined),
  };
  await runBurst({ ...base, subjects: [turning], signal: new AbortController().signal });
  assert.equal(trials.length, 2);
});

test("it ends when it is told to", async () => {
  const stop = new AbortController();
  const endless = subject(Number.POSITIVE_INFINITY);
  const burst = runBurst({ ...base, rate: 10, subjects: [endless], signal: stop.signal });
  stop.abort();
  await burst;
  assert.equal(endless.trials.length, 1);
});

test("what ends first is not what began first: the first that is open hides what comes after it", () => {
  const trial = (outcome: Outcome | undefined): Trial => ({ startedMs: 0, outcome });
  assert.equal(settledTrials([trial(SUCCESS), trial(undefined), trial(SUCCESS)]).length, 1);
  assert.equal(settledTrials([trial(SUCCESS), trial({ kind: "discarded", why: "shutdown" }), trial(SUCCESS)]).length, 1);
  assert.equal(settledTrials([trial(SUCCESS), trial({ kind: "discarded", why: "late" }), trial(SUCCESS)]).length, 3);
});
