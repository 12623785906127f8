import assert from "node:assert/strict";
import { test } from "node:test";
import { binomialProbability, expectedCounts } from "../../../src/domain/binomial.ts";
import { parseExposition, sumOf } from "../../../src/domain/exposition.ts";

test("binomial probabilities sum to 1, also for thousands of trials", () => {
  for (const [n, p] of [
    [10, 0.5],
    [300, 1 / 3],
    [5_000, 0.001],
  ] as const) {
    const sum = Array.from({ length: n + 1 }, (_, k) => binomialProbability(k, n, p)).reduce((a, b) => a + b);
    assert.ok(Math.abs(sum - 1) < 1e-9, `${n} ${p} ${sum}`);
  }
  assert.ok(Math.abs(binomialProbability(3, 10, 0.5) - 120 / 1024) < 1e-12);
});

test("the range of counts leaves out at most half of alpha on each side, and no more would fit", () => {
  // R: qbinom(c(0.0005, 0.9995), 300, 0.5) is 122 and 178.
  assert.deepEqual(expectedCounts(300, 0.5, 0.001), { low: 122, high: 178 });
  assert.deepEqual(expectedCounts(300, 0, 0.001), { low: 0, high: 0 });
  assert.deepEqual(expectedCounts(300, 1, 0.001), { low: 300, high: 300 });
});

test("samples are read with their labels, escapes undone", () => {
  const samples = parseExposition(
    '# HELP a b\na_total{x="1",y="say \\"hi\\"\\n"} 2\na_total{x="2",y=""} 3.5\nup 1\nb{le="+Inf"} +Inf\n',
  );
  assert.deepEqual(samples[0], { name: "a_total", labels: { x: "1", y: 'say "hi"\n' }, value: 2 });
  assert.equal(sumOf(samples, "a_total"), 5.5);
  assert.equal(sumOf(samples, "a_total", { x: "2" }), 3.5);
  assert.equal(sumOf(samples, "b"), Number.POSITIVE_INFINITY);
  assert.throws(() => parseExposition("<html>"), /not a sample .*<html>/);
});
