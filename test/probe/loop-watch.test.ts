import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { HEARTBEAT_MS, type LoopTimes, LoopWatch, SLOWEST_HEARTBEAT_MS } from "../../src/probe/loop-watch.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { onClock, poll } from "./loop-on-clock.ts";

/** A loop whose times are told, not measured. */
const told = () => {
  const times = { now: 0, idle: 0 };
  return { times, watch: new LoopWatch({ nowMs: () => times.now, idleMs: () => times.idle }) };
};

/** A watch that counts its beats. */
const counting = (times: LoopTimes) => {
  const count = { beats: 0 };
  const watch = new LoopWatch(times, () => {
    count.beats++;
    return undefined;
  });
  return { count, watch };
};

/** Holds a loop. @returns when its beats were. */
const beatsWithin = async (ms: number, heldBackMs?: () => number): Promise<readonly number[]> => {
  const { watch, beatsMs, pass } = onClock(heldBackMs);
  const held = watch.hold();
  await pass(ms);
  watch.release(held);
  return beatsMs;
};

test("an event that is read as soon as the loop wakes is not late", () => {
  const { times, watch } = told();
  const start = watch.now();
  Object.assign(times, { now: 3, idle: 2.9 });
  assert.ok(watch.latenessMs(start) < 0.2);
});

test("work of its own before the event may have made it late by as much", () => {
  const { times, watch } = told();
  const start = watch.now();
  Object.assign(times, { now: 100, idle: 20 });
  assert.equal(watch.latenessMs(start), Math.max(80, 100 - HEARTBEAT_MS));
});

test("a process that was not run while it waited has an overdue heartbeat, though the loop was idle", () => {
  const { times, watch } = told();
  const start = watch.now();
  Object.assign(times, { now: 2_000, idle: 2_000 });
  assert.equal(watch.latenessMs(start), 2_000 - HEARTBEAT_MS);
});

test("what happened before the event could become ready does not count", () => {
  const { times, watch } = told();
  Object.assign(times, { now: 5_000, idle: 0 });
  const start = watch.now();
  Object.assign(times, { now: 5_001, idle: 0.9 });
  assert.ok(watch.latenessMs(start) < 0.2);
});

test("while it is held the heartbeat keeps lateness small, and without a holder there is none", async () => {
  const { watch, clock, pass } = onClock();
  const start = watch.now();
  const held = watch.hold();
  await pass(100);
  assert.equal(watch.latenessMs(start), 0, "heartbeats have told that the loop polls");
  watch.release(held);
  assert.equal(clock.pending, 0);
  await pass(200);
  assert.equal(watch.latenessMs(start), 200 - HEARTBEAT_MS);
});

test("the heartbeat slows down with the age of what it is for, and only where the kernel tells what that hides", async () => {
  assert.deepEqual(await beatsWithin(1_200, () => 0), [10, 20, 40, 80, 160, 320, 640, 640 + SLOWEST_HEARTBEAT_MS]);
  const steady = Array.from({ length: 120 }, (_, i) => (i + 1) * HEARTBEAT_MS);
  assert.deepEqual(await beatsWithin(1_200), steady);
});

test("a thread that was held back between two slow beats read late, by as much as the kernel says", async () => {
  let heldBack = 0;
  const { watch, pass } = onClock(() => heldBack);
  const held = watch.hold();
  const start = watch.now();
  await pass(600);
  assert.equal(watch.latenessMs(start), 0);
  heldBack = 20;
  assert.equal(watch.latenessMs(start), 20);
  watch.release(held);
});

test("whoever begins to watch has the fast heartbeat again", async () => {
  const { watch, beatsMs, pass } = onClock(() => 0);
  const old = watch.hold();
  await pass(500);
  const young = watch.hold();
  await pass(45);
  watch.release(young);
  watch.release(old);
  assert.deepEqual(
    beatsMs.filter((atMs) => atMs > 500),
    [510, 520, 540],
  );
});

test("a timer that has run is a beat, if one is soon due, and only while somebody watches", () => {
  const clock = new ManualClock();
  const { count, watch } = counting({ nowMs: () => clock.nowMs(), idleMs: () => clock.nowMs() });
  const along = watch.alongWith(clock);
  const ran: number[] = [];
  const pass = (ms: number) => {
    along.after(ms, () => ran.push(clock.nowMs()));
    clock.advance(ms);
  };
  pass(100);
  assert.deepEqual([ran.length, count.beats], [1, 0], "nobody watches");
  const held = watch.hold();
  pass(3);
  assert.equal(count.beats, 0, "it was not to come before 7 ms");
  pass(3);
  assert.equal(count.beats, 1);
  along.after(HEARTBEAT_MS, () => assert.fail("cancelled"))();
  clock.advance(HEARTBEAT_MS);
  watch.release(held);
  assert.deepEqual(ran, [100, 103, 106]);
});

test("many timers that run together are one beat", () => {
  let nowMs = 0;
  const { count, watch } = counting({ nowMs: () => nowMs, idleMs: () => nowMs });
  const held = watch.hold();
  nowMs = 400;
  for (let i = 0; i < 20; i++) watch.awake();
  watch.release(held);
  assert.equal(count.beats, 1);
});

test("connects that end before their first beat cost none, while an old one waits", async () => {
  const { watch, beatsMs, pass } = onClock(() => 0);
  const old = watch.hold();
  await pass(800);
  const before = beatsMs.at(-1) ?? 0;
  for (let i = 0; i < 80; i++) {
    watch.release(watch.hold());
    await pass(10);
  }
  watch.release(old);
  assert.deepEqual(
    beatsMs.filter((atMs) => atMs > 800),
    [before + SLOWEST_HEARTBEAT_MS],
    "its own",
  );
});

test("a stop while a young connect waits is seen, also where the old one's beat was to come later", async () => {
  const times = { now: 0 };
  const watch = new LoopWatch({ nowMs: () => times.now, idleMs: () => times.now, heldBackMs: () => 0 });
  const old = watch.hold();
  const young = watch.hold();
  const start = watch.now();
  times.now = 100;
  assert.equal(watch.latenessMs(start), 100 - HEARTBEAT_MS);
  watch.release(young);
  assert.equal(watch.latenessMs(start), 100 - HEARTBEAT_MS);
  watch.release(old);
});

test("a stop is seen, too, by who begins after it and before the poll that reads what it kept waiting", async () => {
  const clock = new ManualClock();
  const nowMs = () => clock.nowMs();
  const after: LoopTimes["after"] = (ms, run) => clock.after(ms, run);
  let seen: number | undefined;
  const watch: LoopWatch = new LoopWatch({ nowMs, idleMs: nowMs, heldBackMs: () => 0, after }, () => {
    // Behind the beat, in its own phase.
    process.nextTick(() => {
      watch.release(watch.hold());
      const young = watch.hold();
      seen ??= watch.latenessMs(start);
      watch.release(young);
      watch.release(old);
    });
    return undefined;
  });
  const old = watch.hold();
  const start = watch.now();
  clock.advance(100);
  await poll();
  assert.equal(seen, 100 - HEARTBEAT_MS);
});

test("a beat that is overdue when the young connect before it ends comes at once, and is no warning of the runtime", async () => {
  const { watch, clock, beatsMs, delaysMs, stop } = onClock(() => 0);
  const old = watch.hold();
  // The first beat; the next one is to come 500 ms later.
  clock.advance(800);
  await poll();
  const young = watch.hold();
  stop(700);
  watch.release(young);
  clock.advance(0);
  assert.deepEqual(beatsMs, [800, 1_500]);
  watch.release(old);
  assert.ok(
    delaysMs.every((ms) => ms >= 0),
    `the runtime warns of a negative delay: ${delaysMs}`,
  );
});

test("a beat comes after whole milliseconds, not one early for what a sum of fractions leaves", () => {
  // Node.js leaves out what is behind the point.
  const nowMs = 6.4;
  assert.ok(nowMs + HEARTBEAT_MS - nowMs < HEARTBEAT_MS);
  const watch = new LoopWatch({ nowMs: () => nowMs, idleMs: () => 0 });
  const timers = mock.method(globalThis, "setTimeout");
  const held = watch.hold();
  timers.mock.restore();
  watch.release(held);
  assert.deepEqual(
    timers.mock.calls.map(({ arguments: [, delayMs] }) => delayMs),
    [HEARTBEAT_MS],
  );
});
