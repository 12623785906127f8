import assert from "node:assert/strict";
import { test } from "node:test";
import type { Evidence } from "../../src/domain/evidence.ts";
import type { Reading } from "../../src/evidence/counters.ts";
import { EvidenceTracker, JUDGE_EVERY_MS } from "../../src/evidence/tracker.ts";
import { ManualClock } from "../support/manual-clock.ts";

const TIMEOUT_MS = 3_000;
const FRONTEND = { address: "10.0.32.5", port: 80 };

/** A kernel that sends SYNs again after 1 s and counts, and a tracker that reads what it counts. */
const harness = (
  given: {
    isCaptureLive?: () => boolean;
    isDisturbed?: () => boolean;
    timeoutMs?: number;
    isUnknown?: boolean;
    onQuiet?: (isQuiet: boolean) => void;
  } = {},
  clock = new ManualClock(),
) => {
  const counts = { resets: 0, retransmissions: 0 };
  const reads: number[] = [];
  const tracker = new EvidenceTracker({
    counters: {
      read: (): Reading => {
        reads.push(clock.nowMs());
        return { atMs: clock.nowMs(), ...counts };
      },
      close: () => {},
    },
    clock,
    linearTimeouts: 4,
    timeoutMs: TIMEOUT_MS,
    node: "n1",
    ...given,
  });
  /** Moves time on by steps of half a millisecond, with the heartbeat's readings. */
  const pass = (ms: number, at: Readonly<Record<number, () => void>> = {}) => {
    for (let step = 1; step <= ms * 2; step++) {
      clock.advance(0.5);
      at[step / 2]?.();
      if (step % 10 === 0) tracker.beat();
    }
  };
  let isFirst = true;
  const begin = async (localPort = 40_000, address = FRONTEND.address) => {
    // Another frontend answers at once, so that it is known how long that takes here.
    if (isFirst && given.isUnknown !== true)
      (await tracker.turn())({ ...FRONTEND, address: "10.0.32.6", localPort: () => 1 }).answered();
    isFirst = false;
    return (await tracker.turn())({ ...FRONTEND, address, localPort: () => localPort });
  };
  /** One connect from SYN to timeout. */
  const timeOut = async (isHairpin: boolean, localPort?: number) => {
    const watch = await begin(localPort);
    const again = () => {
      counts.retransmissions++;
      if (isHairpin) counts.resets++;
    };
    if (isHairpin) counts.resets++;
    pass(TIMEOUT_MS, { 1010: again, 2015: again });
    return watch;
  };
  const verdict = async (promise: Promise<Evidence>) => {
    pass(JUDGE_EVERY_MS + 50);
    return promise;
  };
  return { clock, counts, reads, tracker, pass, begin, timeOut, verdict };
};

test("a reset after each SYN is a hairpin, none after any a silent drop", async () => {
  for (const [isHairpin, kind] of [
    [true, "reset"],
    [false, "silent"],
  ] as const) {
    const { timeOut, verdict } = harness();
    const watch = await timeOut(isHairpin);
    assert.deepEqual(await verdict(watch.timedOut()), { kind });
  }
});

test("a reset that comes when none of its SYNs can have caused it convicts nobody, and clears nobody either", async () => {
  const { begin, pass, counts, verdict } = harness();
  const watch = await begin();
  pass(TIMEOUT_MS, { 400: () => counts.resets++, 1010: () => counts.retransmissions++, 2015: () => counts.retransmissions++ });
  assert.deepEqual(await verdict(watch.timedOut()), { kind: "undecided" });
});

test("the counters are read while a SYN may be sent again, and seldom in between", async () => {
  const { begin, pass, reads } = harness();
  const watch = await begin();
  pass(TIMEOUT_MS);
  const from = (fromMs: number, untilMs: number) => reads.filter((atMs) => atMs >= fromMs && atMs < untilMs).length;
  // One with the SYN, one when the answer to it must have come.
  assert.equal(from(0, 900), 2);
  // The first retransmission is late by an eighth at most, which is 125 ms, and what follows it takes a while.
  assert.ok(from(990, 1_000) >= 1, "one shortly before");
  assert.ok(from(1_000, 1_140) >= 13);
  assert.equal(from(1_200, 1_900), 0);
  assert.ok(from(2_000, 2_250) >= 20);
  watch.abandoned();
});

test("those that start together share a reading, and a hairpin among them is told by it", async () => {
  const { begin, pass, reads, counts, verdict } = harness();
  const first = await begin();
  pass(0.5);
  first.answered();
  const second = await begin();
  assert.deepEqual(reads, [0]);
  counts.resets++;
  const again = () => {
    counts.retransmissions++;
    counts.resets++;
  };
  pass(TIMEOUT_MS, { 1010: again, 2015: again });
  assert.deepEqual(await verdict(second.timedOut()), { kind: "reset" });
});

test("a stranger's reset before a silent drop convicts nobody, however short the timeout", async () => {
  for (const [timeoutMs, kind] of [
    [1_100, "silent"],
    [TIMEOUT_MS, "undecided"],
  ] as const) {
    const { begin, pass, counts, verdict } = harness({ timeoutMs });
    const first = await begin();
    pass(0.5);
    first.answered();
    counts.resets++;
    pass(1);
    const second = await begin();
    pass(timeoutMs, { 1010: () => counts.retransmissions++, 2015: () => counts.retransmissions++ });
    assert.deepEqual(await verdict(second.timedOut()), { kind }, `${timeoutMs} ms`);
  }
});

test("a reading is not shared for longer than a moment, nor while others may send their SYNs again", async () => {
  const { begin, pass, reads } = harness();
  (await begin()).answered();
  pass(2.5);
  const pending = await begin();
  assert.deepEqual(reads, [0, 2.5]);
  pass(100);
  const before = reads.length;
  (await begin()).answered();
  pass(0.5);
  (await begin()).answered();
  assert.equal(reads.length, before + 2);
  pending.abandoned();
});

test("connects that are answered late, and never time out, leave nothing behind", async () => {
  const { tracker, begin, pass } = harness();
  let last = await begin();
  for (let i = 0; i < 100; i++) {
    // So late that it was thought to be sent again.
    pass(10);
    const beginning = begin();
    pass(50);
    const next = await beginning;
    last.answered();
    last = next;
  }
  // There is always one that is pending.
  assert.equal(tracker.size, 1);
  assert.ok(tracker.planned <= 3, `${tracker.planned} retransmissions are waited for`);
  last.abandoned();
});

/** Leaves out fractions, as the runtime's timers do. */
class CoarseClock extends ManualClock {
  override after(ms: number, run: () => void): () => void {
    return super.after(Math.floor(ms), run);
  }
}

test("the reading after a first SYN comes when the reset to it must have, though timers are early by a fraction", async () => {
  const { begin, pass, reads } = harness({}, new CoarseClock());
  const watch = await begin();
  pass(10);
  // The reset comes within 2.5 ms.
  assert.deepEqual(reads.length, 2);
  assert.ok((reads[1] ?? 0) >= 2.5, `${reads}`);
  watch.abandoned();
});

test("nothing is read while nobody is pending, and nothing is kept after the last one", async () => {
  const { tracker, pass, reads, begin, timeOut, verdict } = harness();
  pass(1_000);
  assert.equal(reads.length, 0);
  (await begin()).answered();
  assert.equal(tracker.size, 0);
  const watch = await timeOut(true);
  await verdict(watch.timedOut());
  assert.equal(tracker.size, 0);
  const before = reads.length;
  pass(1_000);
  assert.equal(reads.length, before);
});

test("one that was given up, or accepted too late, is no suspect of anything", async () => {
  const { tracker, begin, pass } = harness();
  const abandoned = await begin();
  abandoned.abandoned();
  const late = await begin();
  pass(100);
  late.answered();
  assert.deepEqual(await late.timedOut(), { kind: "undecided" });
  assert.equal(tracker.size, 0);
});

test("closing judges whoever waits, at once", async () => {
  const { tracker, timeOut } = harness();
  const watch = await timeOut(true);
  const told = watch.timedOut();
  tracker.close();
  assert.deepEqual(await told, { kind: "reset" });
});

test("a stray SYN-ACK names what the NLB chose; the frontend's own, and those for other ports, do not", async () => {
  const { tracker, begin, pass } = harness({ isCaptureLive: () => true });
  const drop = await begin(40_001);
  // Until then the other has to wait for its turn.
  pass(5);
  const hairpin = await begin(40_000);
  pass(5);
  tracker.synAck({ source: { address: "10.0.0.10", port: 31_080 }, port: 40_000 });
  tracker.synAck({ source: { address: FRONTEND.address, port: FRONTEND.port }, port: 40_001 });
  tracker.synAck({ source: { address: "10.0.0.10", port: 31_080 }, port: 50_000 });
  pass(TIMEOUT_MS);
  const told = [hairpin.timedOut(), drop.timedOut()];
  pass(JUDGE_EVERY_MS + 50);
  assert.deepEqual(await Promise.all(told), [
    { kind: "capture", chosen: { address: "10.0.0.10", port: 31_080, node: "n1" } },
    { kind: "silent" },
  ]);
});

test("a stray SYN-ACK that comes when no answer is due was for somebody else with the same local port", async () => {
  const { tracker, begin, pass, counts, verdict } = harness({ isCaptureLive: () => true });
  const drop = await begin(40_000);
  const stray = () => tracker.synAck({ source: { address: "10.0.0.10", port: 31_090 }, port: 40_000 });
  const again = () => counts.retransmissions++;
  counts.resets++;
  pass(TIMEOUT_MS, { 600: stray, 1010: again, 1700: stray, 2015: again });
  // It is not named by it; but that nothing came is not certain any more either.
  assert.deepEqual(await verdict(drop.timedOut()), { kind: "undecided" });
});

test("of two with the same local port neither is named by what may be the other's", async () => {
  const { tracker, begin, pass } = harness({ isCaptureLive: () => true });
  const first = await begin(40_000);
  pass(5);
  const second = await begin(40_000);
  pass(1);
  tracker.synAck({ source: { address: "10.0.0.10", port: 31_080 }, port: 40_000 });
  pass(TIMEOUT_MS);
  const told = [first.timedOut(), second.timedOut()];
  pass(JUDGE_EVERY_MS + 50);
  for (const { kind } of await Promise.all(told)) assert.notEqual(kind, "capture");
});

test("an answer to a SYN that was sent again names it as well", async () => {
  const { tracker, begin, pass, verdict } = harness({ isCaptureLive: () => true });
  const hairpin = await begin(40_000);
  pass(TIMEOUT_MS, { 1012: () => tracker.synAck({ source: { address: "10.0.0.10", port: 31_080 }, port: 40_000 }) });
  assert.equal((await verdict(hairpin.timedOut())).kind, "capture");
});

test("what the counters leave open, a capture that looked all the while does not", async () => {
  for (const [isLive, kind] of [
    [true, "silent"],
    [false, "undecided"],
  ] as const) {
    const { begin, pass, counts, verdict } = harness({ isCaptureLive: () => isLive });
    const watch = await begin();
    // A reset that nobody here can have caused, at the one moment that would convict.
    counts.resets++;
    pass(TIMEOUT_MS, { 1010: () => counts.retransmissions++, 2015: () => counts.retransmissions++ });
    assert.deepEqual(await verdict(watch.timedOut()), { kind });
  }
});

test("resets while nobody is pending call evidence off for a minute, and it is told when that begins and ends", async () => {
  const told: boolean[] = [];
  const { tracker, pass, counts, begin, timeOut, verdict } = harness({ onQuiet: (isQuiet) => told.push(isQuiet) });
  (await begin()).answered();
  pass(1_000);
  counts.resets += 20;
  assert.equal(tracker.isQuiet(), false, "whoever asks is told at once");
  assert.deepEqual(await verdict((await timeOut(true)).timedOut()), { kind: "undecided" });
  assert.deepEqual(await verdict((await timeOut(false)).timedOut()), { kind: "undecided" });
  pass(60_000);
  assert.equal(tracker.isQuiet(), true);
  assert.deepEqual(await verdict((await timeOut(true)).timedOut()), { kind: "undecided" }, "it may have begun before");
  assert.deepEqual(await verdict((await timeOut(true)).timedOut()), { kind: "reset" });
  assert.deepEqual(told, [false, true]);
});

test("what a capture shows counts also while the counters do not", async () => {
  const { tracker, pass, counts, begin, verdict } = harness({ isCaptureLive: () => true });
  (await begin()).answered();
  pass(1_000);
  counts.resets += 20;
  const watch = await begin(40_000);
  pass(1);
  tracker.synAck({ source: { address: "10.0.0.10", port: 31_080 }, port: 40_000 });
  pass(TIMEOUT_MS);
  assert.equal((await verdict(watch.timedOut())).kind, "capture");
  assert.equal(tracker.isQuiet(), false);
});

test("while somebody else connects from the same namespace nobody is convicted or cleared; afterwards it is as before", async () => {
  let isDisturbed = true;
  const { timeOut, verdict } = harness({ isDisturbed: () => isDisturbed });
  assert.deepEqual(await verdict((await timeOut(true)).timedOut()), { kind: "undecided" });
  const overlapping = await timeOut(false);
  isDisturbed = false;
  assert.deepEqual(await verdict(overlapping.timedOut()), { kind: "undecided" }, "it may have begun in time");
  assert.deepEqual(await verdict((await timeOut(true)).timedOut()), { kind: "reset" });
});
