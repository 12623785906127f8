import assert from "node:assert/strict";
import { test } from "node:test";
import type { Reading } from "../../src/evidence/counters.ts";
import { Strangers } from "../../src/evidence/strangers.ts";
import { unexplainedResets } from "../../src/evidence/unexplained.ts";
import { suspectOf, WINDOW_MS } from "./world.ts";

/** Readings as `[ms, resets]`. */
const readings = (...given: readonly (readonly [atMs: number, resets: number])[]): readonly Reading[] =>
  given.map(([atMs, resets]) => ({ atMs, resets, retransmissions: 0 }));

test("each SYN of a suspect takes one reset for itself, as soon as it has to; the others are strangers'", () => {
  const first = { ...suspectOf(0), answer: { fromMs: 0, withinMs: 20 } };
  const second = { ...suspectOf(10), answer: { fromMs: 0, withinMs: WINDOW_MS } };
  const seen = readings([0, 0], [10, 0], [14, 1], [18, 2], [30, 2], [40, 4]);
  assert.deepEqual(unexplainedResets(seen, [first, second], [], []), [{ sinceMs: 30, untilMs: 40, count: 2 }]);
  assert.deepEqual(unexplainedResets(seen, [second], [], []), [
    { sinceMs: 14, untilMs: 18, count: 1 },
    { sinceMs: 30, untilMs: 40, count: 2 },
  ]);
  assert.deepEqual(unexplainedResets(seen, [second], [], [{ sinceMs: 0, untilMs: 100, count: 3 }]), []);
});

test("three resets that nobody here caused call evidence off until a minute after the last, two do not", () => {
  const strangers = new Strangers();
  strangers.look(readings([0, 0], [500, 1]), [], []);
  strangers.look(readings([500, 1], [1_000, 2]), [], []);
  assert.equal(strangers.isQuiet(1_000), true);
  strangers.look(readings([1_000, 2], [2_000, 3]), [], []);
  assert.equal(strangers.isQuiet(2_000), false);
  assert.equal(strangers.isQuiet(61_999), false);
  assert.equal(strangers.isQuiet(62_000), true);
});

test("to look at the same time again counts nothing twice", () => {
  const strangers = new Strangers();
  for (let i = 0; i < 5; i++) strangers.look(readings([0, 0], [500, 2]), [], []);
  assert.equal(strangers.isQuiet(500), true);
});

test("a few in an hour in which nobody looked are no scan", () => {
  const strangers = new Strangers();
  strangers.look(readings([0, 0], [3_600_000, 20]), [], []);
  assert.equal(strangers.isQuiet(3_600_000), true);
});

test("beside hundreds of our own a few are answers that came later than others", () => {
  const own = Array.from({ length: 500 }, (_, i) => suspectOf(i * 4));
  const all = own.flatMap(({ sentMs }, i) => [[sentMs, i] as const, [sentMs + WINDOW_MS, i + 1] as const]);
  const strangers = new Strangers();
  strangers.look(readings(...all, [2_010, 504]), own, []);
  assert.equal(strangers.isQuiet(2_010), true);
  strangers.look(readings(...all, [2_010, 510]), own, []);
  assert.equal(strangers.isQuiet(2_010), false);
});

test("what our own connections bring that were closed before their peer had said all is no stranger's", () => {
  const strangers = new Strangers();
  strangers.expect(2, 0);
  strangers.look(readings([0, 0], [1_000, 4]), [], []);
  assert.equal(strangers.isQuiet(1_000), true);
  strangers.look(readings([1_000, 4], [1_500, 5]), [], []);
  assert.equal(strangers.isQuiet(1_500), false, "more than was expected");
});

test("beside an agent a check takes its resets for nobody else's", () => {
  const strangers = new Strangers(Number.POSITIVE_INFINITY);
  strangers.look(readings([0, 0], [1_000, 1_000]), [], []);
  assert.equal(strangers.isQuiet(1_000), true);
});
