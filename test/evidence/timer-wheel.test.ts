import assert from "node:assert/strict";
import { test } from "node:test";
import { constantFrom, double, assert as holds, property } from "fast-check";
import type { Reading } from "../../src/evidence/counters.ts";
import { TimerWheel } from "../../src/evidence/timer-wheel.ts";

const ANSWER_MS = 2.5;
/** Kernels by their ticks a second, and how far apart timers of a second fire. */
const PERIODS_MS = { 100: 80, 250: 32, 300: 8 * 3.333333, 1000: 64 } as const;
type Hz = keyof typeof PERIODS_MS;

/** The kernel's timer wheel: a timer fires at the first multiple of its granule after it is due, or some milliseconds later. */
const kernelOf = (hz: Hz, phaseMs: number) => {
  const periodMs = PERIODS_MS[hz];
  const fireMs = (setMs: number, waitMs = 1_000) => {
    // Ticks are counted from when one was; a timer is set in whole ones, which have whole nanoseconds.
    const tickMs = Math.round(1e9 / hz) / 1e6;
    const tick = Math.floor((setMs - phaseMs) / tickMs + 1e-6);
    return phaseMs + (Math.floor(((tick + waitMs / tickMs) * tickMs) / periodMs + 1e-6) + 1) * periodMs;
  };
  return { periodMs, fireMs };
};

/** What is read every 8 ms around a retransmission. */
const readingsAround = (atMs: number, offsetMs: number, before = 4): readonly Reading[] =>
  Array.from({ length: 2 * before }, (_, i) => {
    const readMs = atMs - offsetMs + (i - before + 1) * 8;
    return { atMs: readMs, resets: 0, retransmissions: readMs >= atMs ? 1 : 0 };
  });

/** Shows a wheel as many retransmissions as it needs, each a random time after a tick, up to `lateMs`. */
const learn = (kernel: ReturnType<typeof kernelOf>, lateMs = 4, wheel = new TimerWheel()) => {
  for (let i = 0; i < 40; i++) {
    const sentMs = i * 137.7;
    const atMs = kernel.fireMs(sentMs) + (i % 3 === 0 ? lateMs : 0.2);
    wheel.observe(readingsAround(atMs, (i * 3.1) % 8), sentMs);
  }
  return wheel;
};

test("until it has seen enough, a SYN is sent again up to an eighth late, and lateness adds up", () => {
  const resends = new TimerWheel().resends(500, [1_000, 1_000]);
  assert.deepEqual(
    resends.map(({ earliestMs, isAligned }) => ({ earliestMs, isAligned })),
    [
      { earliestMs: 1_500, isAligned: false },
      { earliestMs: 2_500, isAligned: false },
    ],
  );
  const [first, second] = resends.map(({ earliestMs, latestMs }) => latestMs - earliestMs);
  assert.ok(first !== undefined && first >= 125 && first < 140, `${first}`);
  assert.equal(second, 2 * first);
});

test("from retransmissions that it has seen it tells for each kernel when the next ones leave", () => {
  holds(
    property(
      constantFrom(100, 250, 300, 1_000),
      double({ min: 0, max: 80, noNaN: true }),
      double({ min: 10_000, max: 20_000, noNaN: true }),
      double({ min: 0, max: 4, noNaN: true }),
      (hz, phaseMs, sentMs, lateMs) => {
        const kernel = kernelOf(hz as Hz, phaseMs);
        const wheel = learn(kernel);
        assert.equal(wheel.periodMs, kernel.periodMs);
        let setMs = sentMs + 0.1;
        for (const { earliestMs, latestMs, isAligned } of wheel.resends(sentMs, [1_000, 1_000, 1_000])) {
          const atMs = kernel.fireMs(setMs) + lateMs;
          assert.ok(isAligned);
          assert.ok(atMs >= earliestMs && atMs <= latestMs, `${atMs} in ${earliestMs}..${latestMs}`);
          assert.ok(latestMs - earliestMs < 14 || latestMs - earliestMs < kernel.periodMs + 14, `${latestMs - earliestMs} ms`);
          setMs = atMs;
        }
      },
    ),
  );
});

test("most SYNs can be sent again at one instant only", () => {
  const wheel = learn(kernelOf(250, 5));
  const widths = Array.from({ length: 320 }, (_, i) => {
    const [first] = wheel.resends(10_000 + i / 10, [1_000]);
    return (first?.latestMs ?? 0) - (first?.earliestMs ?? 0);
  });
  assert.ok(widths.filter((ms) => ms < 14).length > 0.7 * widths.length);
});

test("a wait that this kernel rounds up otherwise has the whole of its granule", () => {
  const wheel = learn(kernelOf(250, 5));
  // 1000 ticks are rounded up to 64 of them, which are 256 ms.
  const [, second, third] = wheel.resends(10_000, [1_000, 2_000, 4_000]);
  assert.deepEqual([second?.isAligned, third?.isAligned], [true, false]);
  assert.ok(third !== undefined && third.latestMs - third.earliestMs >= 256);
});

test("what is sent again at any time, or was read too seldom, teaches nothing", () => {
  const [anyTime, seldom] = [new TimerWheel(), new TimerWheel()];
  for (let i = 0; i < 100; i++) {
    const sentMs = i * 137.7;
    const atMs = sentMs + 1_000 + ((i * 37.3) % 110);
    anyTime.observe(readingsAround(atMs, 3), sentMs);
    const fireMs = kernelOf(250, 5).fireMs(sentMs);
    seldom.observe(
      [
        { atMs: fireMs - 12, resets: 0, retransmissions: 0 },
        { atMs: fireMs + 12, resets: 0, retransmissions: 1 },
      ],
      sentMs,
    );
  }
  for (const wheel of [anyTime, seldom]) assert.equal(wheel.resends(0, [1_000])[0]?.isAligned, false);
});

test("what does not come when it has to twice is no longer believed, and learnt anew", () => {
  const kernel = kernelOf(250, 5);
  const wheel = learn(kernel);
  const isKnown = () => Number.isFinite(wheel.periodMs);
  assert.equal(wheel.check(false), false, "once can be a busy moment");
  assert.ok(isKnown());
  assert.equal(wheel.check(false), true);
  assert.ok(!isKnown());
  learn(kernel, 4, wheel);
  assert.ok(isKnown());
  wheel.check(false);
  for (let i = 0; i < 64; i++) wheel.check(true);
  assert.equal(wheel.check(false), false, "the last one was long ago");
});

test("however many time out at once, it learns from different instants, and no kernel but the right one", () => {
  for (const hz of [100, 250, 300, 1_000] as const) {
    const kernel = kernelOf(hz, 17);
    const wheel = new TimerWheel();
    // 400 a second, read every 7 ms.
    for (let i = 0; i < 2_000 && !Number.isFinite(wheel.periodMs); i++) {
      const sentMs = i * 2.5;
      const atMs = kernel.fireMs(sentMs) + 0.2;
      const afterMs = Math.ceil(atMs / 7) * 7;
      const readings = [-14, -7, 0, 7].map((ms) => ({ atMs: afterMs + ms, resets: 0, retransmissions: ms < 0 ? 0 : 1 }));
      wheel.observe(readings, sentMs);
    }
    assert.equal(wheel.periodMs, kernel.periodMs, `${hz} ticks a second`);
    for (let i = 0; i < 200; i++) {
      const sentMs = 20_000 + i * 3.3;
      const [first] = wheel.resends(sentMs, [1_000]);
      const atMs = kernel.fireMs(sentMs + 0.1);
      assert.ok(first !== undefined && atMs >= first.earliestMs && atMs <= first.latestMs, `${hz}: ${atMs}`);
    }
  }
});

test("between two instants nothing is sent again, and what was has been answered", () => {
  const wheel = learn(kernelOf(250, 5));
  for (const atMs of [10_000, 10_011.7, 10_025]) {
    const quiet = wheel.quietAt(atMs, ANSWER_MS);
    assert.ok(quiet !== undefined && quiet.untilMs > atMs && quiet.sinceMs < quiet.untilMs);
    const sinceInstantMs = (quiet.sinceMs - 5) % 32;
    const untilInstantMs = 32 - ((quiet.untilMs - 5) % 32);
    assert.ok(sinceInstantMs >= 4 + ANSWER_MS && sinceInstantMs < 16, `${sinceInstantMs} ms after an instant`);
    assert.ok(untilInstantMs > 0 && untilInstantMs < 3, `until ${untilInstantMs} ms before one`);
  }
  assert.equal(wheel.quietAt(10_000, 30), undefined, "where answers take as long as a period there is no such time");
  assert.equal(new TimerWheel().quietAt(10_000, ANSWER_MS), undefined);
});
