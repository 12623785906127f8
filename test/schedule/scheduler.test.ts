import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Clock } from "../../src/domain/clock.ts";
import { Scheduler } from "../../src/schedule/scheduler.ts";

/** Time that moves only when told to, and runs timers in order as it does. */
class FakeClock implements Clock {
  #nowMs = 0;
  #timers: { atMs: number; run: () => void }[] = [];
  nowMs = () => this.#nowMs;
  after = (ms: number, run: () => void) => {
    const timer = { atMs: this.#nowMs + ms, run };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  };
  /** Runs everything due until then, each at its own time. */
  advanceTo(ms: number): void {
    for (;;) {
      const next = this.#timers.filter(({ atMs }) => atMs <= ms).sort((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined) break;
      this.#fire(next, Math.max(next.atMs, this.#nowMs));
    }
    this.#nowMs = ms;
  }
  /** Nothing runs until then, as when the process is stopped; then everything that is due does. */
  stallUntil(ms: number): void {
    this.#nowMs = ms;
    const due = this.#timers.filter(({ atMs }) => atMs <= ms);
    for (const timer of due) this.#fire(timer, ms);
  }
  get pending(): number {
    return this.#timers.length;
  }
  #fire(timer: { run: () => void }, atMs: number): void {
    this.#timers = this.#timers.filter((other) => other !== timer);
    this.#nowMs = atMs;
    timer.run();
  }
}

const harness = (given: { random?: () => number; maxInFlight?: number; attempt?: () => Promise<void> } = {}) => {
  const clock = new FakeClock();
  const started: { id: string; atMs: number }[] = [];
  const discards: { why: string; count: number }[] = [];
  const lateness: number[] = [];
  const scheduler = new Scheduler<{ id: string; label?: string; everyNth?: number }>({
    intervalMs: 1_000,
    maxInFlight: given.maxInFlight ?? 100,
    clock,
    random: given.random ?? (() => 0.5),
    attempt: (item) => {
      started.push({ id: item.label ?? item.id, atMs: clock.nowMs() });
      return given.attempt?.() ?? Promise.resolve();
    },
    onStart: (seconds) => lateness.push(seconds),
    onDiscard: (why, count) => discards.push({ why, count }),
  });
  return { clock, started, discards, lateness, scheduler };
};

test("each item has exactly one attempt in each of its intervals, whatever the random instants", () => {
  fc.assert(
    fc.property(fc.infiniteStream(fc.integer({ min: 0, max: 999 })), (instants) => {
      const { clock, started, scheduler } = harness({ random: () => (instants.next().value ?? 0) / 1_000 });
      scheduler.set([{ id: "a" }, { id: "b" }]);
      clock.advanceTo(19_999);
      for (const id of ["a", "b"]) {
        const slots = started.filter((start) => start.id === id).map(({ atMs }) => Math.floor(atMs / 1_000));
        assert.deepEqual(slots, [...Array(20).keys()]);
      }
    }),
    { numRuns: 50 },
  );
});

test("the instant inside the slot is the random one", () => {
  const instants = [0.25, 0.75, 0];
  const { clock, started, scheduler } = harness({ random: () => instants.shift() ?? 0.9 });
  scheduler.set([{ id: "a" }]);
  clock.advanceTo(3_000);
  assert.deepEqual(
    started.map(({ atMs }) => atMs),
    [250, 1_750, 2_000],
  );
});

test("a timer that fires a little late still starts its attempt, also across the end of its slot", () => {
  const { clock, started, discards, lateness, scheduler } = harness({ random: () => 0.999 });
  scheduler.set([{ id: "a" }]);
  clock.stallUntil(1_004);
  assert.deepEqual([started.length, discards], [1, []]);
  assert.ok(Math.abs((lateness[0] ?? 0) - 0.005) < 1e-9);
  clock.advanceTo(1_999.5);
  assert.equal(started.length, 2);
});

test("slots that pass while the process is held up are discarded and counted, not made up for", () => {
  const { clock, started, discards, scheduler } = harness();
  scheduler.set([{ id: "a" }]);
  clock.stallUntil(10_250);
  assert.equal(started.length, 0);
  assert.deepEqual(discards, [
    { why: "late", count: 1 },
    { why: "late", count: 9 },
  ]);
  clock.advanceTo(12_000);
  assert.deepEqual(
    started.map(({ atMs }) => atMs),
    [10_500, 11_500],
  );
});

test("an attempt that never ends delays no other, of its own item neither", () => {
  const { clock, started, scheduler } = harness({ attempt: () => new Promise(() => {}) });
  scheduler.set([{ id: "a" }, { id: "b" }]);
  clock.advanceTo(3_000);
  assert.equal(started.length, 6);
  assert.equal(scheduler.inFlight, 6);
});

test("one more than may be in flight is discarded as over_budget, and starts again once there is room", async () => {
  const ends: (() => void)[] = [];
  const { clock, started, discards, scheduler } = harness({
    maxInFlight: 2,
    attempt: () => new Promise((resolve) => ends.push(resolve)),
  });
  scheduler.set([{ id: "a" }, { id: "b" }, { id: "c" }]);
  clock.advanceTo(1_000);
  assert.equal(started.length, 2);
  assert.deepEqual(discards, [{ why: "over_budget", count: 1 }]);
  for (const end of ends) end();
  await new Promise(setImmediate);
  assert.equal(scheduler.inFlight, 0);
  clock.advanceTo(2_000);
  assert.equal(started.length, 4);
});

test("an item that stays keeps its slots and uses the new item; one that goes is attempted no more", () => {
  const { clock, started, scheduler } = harness();
  scheduler.set([{ id: "a", label: "old" }, { id: "gone" }]);
  clock.advanceTo(1_000);
  scheduler.set([{ id: "a", label: "new" }]);
  clock.advanceTo(2_000);
  assert.deepEqual(started, [
    { id: "old", atMs: 500 },
    { id: "gone", atMs: 500 },
    { id: "new", atMs: 1_500 },
  ]);
  assert.equal(clock.pending, 1);
});

test("stop starts nothing more and waits for what is in flight", async () => {
  let end: () => void = () => {};
  const { clock, started, scheduler } = harness({
    attempt: () =>
      new Promise((resolve) => {
        end = resolve;
      }),
  });
  scheduler.set([{ id: "a" }]);
  clock.advanceTo(1_000);
  let stopped = false;
  const stop = scheduler.stop().then(() => {
    stopped = true;
  });
  clock.advanceTo(9_000);
  await new Promise(setImmediate);
  assert.deepEqual([started.length, stopped], [1, false]);
  end();
  await stop;
});

test("an item of every fifth interval has one attempt in each five", () => {
  const { clock, started, scheduler } = harness({ random: () => 0.999 });
  scheduler.set([{ id: "a" }, { id: "control", everyNth: 5 }]);
  clock.advanceTo(20_000);
  const of = (id: string) => started.filter((start) => start.id === id).map(({ atMs }) => Math.floor(atMs / 5_000));
  assert.equal(of("a").length, 20);
  assert.deepEqual(of("control"), [0, 1, 2, 3]);
});

test("an item that is to be attempted less often is so from its next slot on, and loses none", () => {
  const { clock, started, discards, scheduler } = harness({ random: () => 0.5 });
  scheduler.set([{ id: "a" }]);
  clock.advanceTo(1_200);
  scheduler.set([{ id: "a", everyNth: 2.5 }]);
  clock.advanceTo(7_000);
  // The second slot ends at 2,000; from there on they are 2,500 long.
  assert.deepEqual(
    started.map(({ atMs }) => atMs),
    [500, 1_500, 3_250, 5_750],
  );
  scheduler.set([{ id: "a" }]);
  clock.advanceTo(9_000);
  assert.deepEqual(
    started.slice(4).map(({ atMs }) => atMs),
    [8_250],
  );
  assert.deepEqual(discards, []);
});

test("what is due soon starts along with what is due now, at most a tenth of the interval early, and never twice", () => {
  const instants = [0.2, 0.25, 0.29, 0.31, 0.9, 0.9, 0.9, 0.9];
  const { clock, started, scheduler } = harness({ random: () => instants.shift() ?? 0.5 });
  scheduler.set(["a", "b", "c", "d"].map((id) => ({ id })));
  clock.advanceTo(1_899);
  assert.deepEqual(started, [
    { id: "a", atMs: 200 },
    { id: "b", atMs: 200 },
    { id: "c", atMs: 200 },
    { id: "d", atMs: 310 },
  ]);
});

test("nothing starts before its slot has begun", async () => {
  // The first attempt is due at the end of its slot, the other's next one at the beginning of its own.
  const instants = [0.98, 0.1, 0.01];
  const { clock, started, scheduler } = harness({ random: () => instants.shift() ?? 0.5 });
  scheduler.set([{ id: "a" }, { id: "b" }]);
  clock.advanceTo(500);
  await new Promise(setImmediate);
  assert.equal(scheduler.inFlight, 0);
  clock.advanceTo(1_100);
  assert.deepEqual(started, [
    { id: "b", atMs: 100 },
    { id: "a", atMs: 980 },
    { id: "b", atMs: 1_010 },
  ]);
});

test("whoever is awake anyway when the first is due within 8 ms starts it, and what is due soon after it", () => {
  const instants = [0.1, 0.107, 0.109, 0.5];
  const { clock, started, scheduler } = harness({ random: () => instants.shift() ?? 0.9, attempt: () => new Promise(() => {}) });
  scheduler.set(["a", "b", "c", "d"].map((id) => ({ id })));
  clock.advanceTo(50);
  scheduler.awake();
  assert.deepEqual(started, []);
  clock.advanceTo(99.5);
  scheduler.awake();
  assert.deepEqual(
    started,
    ["a", "b", "c"].map((id) => ({ id, atMs: 99.5 })),
  );
  clock.advanceTo(600);
  assert.deepEqual(started.slice(3), [{ id: "d", atMs: 500 }]);
  assert.equal(clock.pending, 1);
});

test("of thousands about eight start together", () => {
  let seed = 1;
  const random = () => {
    seed = (seed * 16_807) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  const { clock, started, scheduler } = harness({ random, maxInFlight: 10_000 });
  scheduler.set(Array.from({ length: 2_000 }, (_, id) => ({ id: String(id) })));
  const sizes = new Map<number, number>();
  clock.advanceTo(10);
  for (const { atMs } of started) sizes.set(atMs, (sizes.get(atMs) ?? 0) + 1);
  assert.ok((sizes.values().next().value ?? 0) >= 4 && Math.max(...sizes.values()) <= 24, String([...sizes.values()]));
});
