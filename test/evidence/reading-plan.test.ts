import assert from "node:assert/strict";
import { test } from "node:test";
import { type PlanOptions, planReading, untilQuietMs } from "../../src/evidence/reading-plan.ts";

const WINDOW_MS = 2.5;
/** A timer wheel with an instant every 32 ms, the first of them at 0; it is quiet from 10 ms after one to 1 ms before the next. */
const onWheel = (nowMs: number, lastMs: number): PlanOptions => {
  const startMs = Math.floor((nowMs + 1) / 32) * 32;
  return { nowMs, lastMs, windowMs: WINDOW_MS, quiet: { sinceMs: startMs + 10, untilMs: startMs + 31 }, periodMs: 32 };
};
/** Sent again at the instants from one to another. */
const at = (fromMs: number, toMs = fromMs) => [{ earliestMs: fromMs - 1, latestMs: toMs + 7.5, isAligned: true }];
const anywhere = (earliestMs: number, latestMs: number) => [{ earliestMs, latestMs, isAligned: false }];
const unknown = (nowMs: number, lastMs: number): PlanOptions => ({
  nowMs,
  lastMs,
  windowMs: WINDOW_MS,
  quiet: undefined,
  periodMs: Number.POSITIVE_INFINITY,
});

test("where the instants are not known, it is read every few milliseconds, from shortly before one may be sent again", () => {
  const resends = anywhere(1_000, 1_130);
  assert.deepEqual(planReading(resends, unknown(500, 3)), { isDue: false, nextMs: 993 });
  assert.deepEqual(planReading(resends, unknown(993, 3)), { isDue: true, nextMs: 1_000 });
  assert.deepEqual(planReading(resends, unknown(995, 993)), { isDue: false, nextMs: 1_003 });
  assert.deepEqual(planReading(resends, unknown(999.2, 993)), { isDue: true, nextMs: 1_006.2 }, "a timer that is a part early");
  assert.equal(planReading(resends, unknown(1_138, 1_130)).isDue, true, "until the answer to the last has been read");
  assert.deepEqual(planReading(resends, unknown(1_150, 1_138)), { isDue: false, nextMs: Number.POSITIVE_INFINITY });
});

test("what is sent again at one instant is read once before the next at which somebody sends", () => {
  const resends = [...at(320), ...at(320), ...at(640)];
  assert.deepEqual(planReading(resends, onWheel(100, 50)), { isDue: false, nextMs: 631 });
  assert.deepEqual(
    planReading(resends, onWheel(335, 50)),
    { isDue: true, nextMs: Number.POSITIVE_INFINITY },
    "and after the last",
  );
  assert.equal(planReading(resends, onWheel(345, 335)).isDue, false, "not again");
  assert.equal(planReading(resends, onWheel(625, 50)).isDue, true);
});

test("it is not read while SYNs are sent again and answered, but when that is over", () => {
  const resends = [...at(320), ...at(352), ...at(384)];
  assert.deepEqual(planReading(resends, onWheel(322, 50)), { isDue: false, nextMs: 343 });
  assert.deepEqual(planReading(resends, onWheel(352, 300)), { isDue: false, nextMs: 375 });
  const late = planReading([...at(320), ...at(352)], onWheel(326, 50));
  assert.deepEqual(late, { isDue: false, nextMs: 343 });
});

test("one that may be sent again at either of two instants is read after each", () => {
  const resends = at(320, 352);
  assert.deepEqual(planReading(resends, onWheel(340, 50)), { isDue: true, nextMs: Number.POSITIVE_INFINITY });
  assert.equal(planReading(resends, onWheel(365, 340)).isDue, true);
  assert.equal(planReading(resends, onWheel(400, 365)).isDue, false);
});

test("whoever comes late reads at the next quiet time, and does not wait for the instant before it", () => {
  const resends = [...at(320), ...at(352), ...at(384)];
  // A reading was due before 352.
  assert.deepEqual(planReading(resends, onWheel(353, 50)), { isDue: false, nextMs: 375 });
  assert.equal(planReading(resends, onWheel(375, 50)).isDue, true);
});

test("nobody pending: nothing is to come", () => {
  assert.deepEqual(planReading([], onWheel(10, 0)), { isDue: false, nextMs: Number.POSITIVE_INFINITY });
});

test("a first SYN waits only while another is sent again that would be answered along with it", () => {
  const wait = (nowMs: number, resends = at(320)) => {
    const { quiet } = onWheel(nowMs + WINDOW_MS, 0);
    return untilQuietMs(resends, { nowMs, windowMs: WINDOW_MS, quiet });
  };
  assert.equal(wait(315), 0, "it is answered before");
  assert.equal(wait(317), 13);
  assert.equal(wait(322), 8);
  assert.equal(wait(330), 0);
  assert.equal(wait(322, at(352)), 0, "nobody sends now");
  const slow = { sinceMs: 352, untilMs: 383 };
  assert.equal(untilQuietMs(at(320), { nowMs: 322, windowMs: 28, quiet: slow }), 0, "answered at some instant in any case");
  assert.equal(untilQuietMs(at(320), { nowMs: 322, windowMs: WINDOW_MS, quiet: undefined }), 0);
});
