import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { HEARTBEAT_MS, type LoopTimes, LoopWatch, systemLoopTimes } from "../../src/probe/loop-watch.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { eventually } from "../support/waiting.ts";

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

/** Holds a loop on the machine's own times, but for what the kernel tells of a thread that was held back. */
const beatsWithin = async (ms: number, heldBackMs?: () => number): Promise<number> => {
  const { count, watch } = counting({ ...systemLoopTimes, heldBackMs });
  const held = watch.hold();
  await sleep(ms);
  watch.release(held);
  return count.beats;
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
  const watch = new LoopWatch();
  const start = watch.now();
  const held = watch.hold();
  await sleep(100);
  assert.ok(watch.latenessMs(start) < 50, "heartbeats have told that the loop polls");
  watch.release(held);
  await sleep(200);
  assert.ok(watch.latenessMs(start) > 50);
});

test("the heartbeat slows down with the age of what it is for, and only where the kernel tells what that hides", async () => {
  const [slow, steady] = await Promise.all([beatsWithin(1_000, () => 0), beatsWithin(1_000)]);
  assert.ok(slow > 5 && slow < 40, `${slow} beats`);
  assert.ok(steady > 1.5 * slow, `${steady} beats`);
});

test("a thread that was held back between two slow beats read late, by as much as the kernel says", async () => {
  let heldBack = 0;
  const watch = new LoopWatch({ ...systemLoopTimes, heldBackMs: () => heldBack });
  const held = watch.hold();
  const start = watch.now();
  await sleep(600);
  heldBack = 20;
  const lateness = watch.latenessMs(start);
  watch.release(held);
  assert.ok(lateness > 1, `${lateness} ms`);
});

test("whoever begins to watch has the fast heartbeat again", async () => {
  const { count, watch } = counting({ ...systemLoopTimes, heldBackMs: () => 0 });
  const old = watch.hold();
  await sleep(500);
  const young = watch.hold();
  count.beats = 0;
  await sleep(45);
  watch.release(young);
  watch.release(old);
  assert.ok(count.beats >= 3, `${count.beats} beats in 45 ms`);
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
  const { count, watch } = counting({ ...systemLoopTimes, heldBackMs: () => 0 });
  const old = watch.hold();
  await sleep(800);
  count.beats = 0;
  const connects = 80;
  for (let i = 0; i < connects; i++) {
    watch.release(watch.hold());
    await sleep(10);
  }
  watch.release(old);
  // Its own beat comes every 500 ms.
  assert.ok(count.beats > 0 && count.beats < connects / 4, `${count.beats} beats`);
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
  const times = { now: 0 };
  let seen: number | undefined;
  const watch: LoopWatch = new LoopWatch({ nowMs: () => times.now, idleMs: () => times.now, heldBackMs: () => 0 }, () => {
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
  times.now = 100;
  await sleep(50);
  assert.equal(seen, 100 - HEARTBEAT_MS);
});

test("a beat that is overdue when the young connect before it ends comes at once, and is no warning of the runtime", async () => {
  const times = { now: 0 };
  const { count, watch } = counting({ nowMs: () => times.now, idleMs: () => times.now, heldBackMs: () => 0 });
  const warnings: Error[] = [];
  const onWarning = (warning: Error) => warnings.push(warning);
  process.on("warning", onWarning);
  const old = watch.hold();
  times.now = 800;
  // The first beat; the next one is to come 500 ms later.
  await eventually(() => assert.equal(count.beats, 1));
  await new Promise(setImmediate);
  const young = watch.hold();
  times.now = 1_500;
  watch.release(young);
  await eventually(() => assert.equal(count.beats, 2));
  watch.release(old);
  process.off("warning", onWarning);
  assert.deepEqual(warnings, []);
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
