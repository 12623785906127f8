import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { HEARTBEAT_MS, LoopWatch } from "../../src/probe/loop-watch.ts";

/** A loop whose times are told, not measured. */
const told = () => {
  const times = { now: 0, idle: 0 };
  return { times, watch: new LoopWatch({ nowMs: () => times.now, idleMs: () => times.idle }) };
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
  watch.hold();
  await sleep(100);
  assert.ok(watch.latenessMs(start) < 50, "heartbeats have told that the loop polls");
  watch.release();
  await sleep(100);
  assert.ok(watch.latenessMs(start) > 50);
});
