import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import fc from "fast-check";
import jstat from "jstat";
import { binomialAtMost, binomialProbability, shareInterval } from "../../src/domain/binomial.ts";
import { incompleteBeta, logGamma } from "../../src/domain/incomplete-beta.ts";

/** As CommonJS it is there at once; as a module it has to be waited for. */
const { bdtr, incbet, incbi, lgam } = createRequire(import.meta.url)("cephes") as {
  incbet(a: number, b: number, x: number): number;
  incbi(a: number, b: number, p: number): number;
  lgam(x: number): number;
  bdtr(k: number, n: number, p: number): number;
};
const { ibeta, gammaln, beta } = jstat;
/** The libraries are good to ten digits or so: where there is a closed form, it is held to that. */
const isNear = (found: number, expected: number, relative = 1e-9): boolean =>
  Math.abs(found - expected) <= relative * Math.max(1, Math.abs(expected));

test("where it has a closed form the incomplete beta function is that, to the last digits", () => {
  for (const x of [0.001, 0.0816, 0.25, 0.5, 0.9, 0.9999]) {
    assert.ok(isNear(incompleteBeta(x, 0.5, 0.5), (2 / Math.PI) * Math.asin(Math.sqrt(x)), 1e-12));
    for (const b of [1, 3, 40, 2_000]) assert.ok(isNear(incompleteBeta(x, 1, b), -Math.expm1(b * Math.log1p(-x)), 1e-11));
  }
  assert.deepEqual([incompleteBeta(0, 2, 3), incompleteBeta(1, 2, 3)], [0, 1]);
});

test("the incomplete beta function is that of jStat and of Cephes", () => {
  const parameter = fc.double({ min: 0.5, max: 5_000, noNaN: true });
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(share, parameter, parameter, (x, a, b) => {
      const found = incompleteBeta(x, a, b);
      assert.ok(isNear(found, incbet(a, b, x)), `Cephes: ${found}, expected ${incbet(a, b, x)}`);
      assert.ok(Math.abs(found - ibeta(x, a, b)) < 1e-6, `jStat: ${found}, expected ${ibeta(x, a, b)}`);
    }),
    { numRuns: 2_000 },
  );
});

test("the logarithm of the gamma function is that of jStat and of Cephes", () => {
  fc.assert(
    fc.property(fc.double({ min: 0.01, max: 1e8, noNaN: true }), (x) => {
      assert.ok(isNear(logGamma(x), lgam(x)), `${x}: ${logGamma(x)}, Cephes ${lgam(x)}`);
      assert.ok(isNear(logGamma(x), gammaln(x)), `${x}: ${logGamma(x)}, jStat ${gammaln(x)}`);
    }),
    { numRuns: 2_000 },
  );
});

test("binomial tails are those of Cephes, for ten attempts and for ten million", () => {
  for (const [k, n, p] of [
    [0, 10, 0.3],
    [3, 10, 0.3],
    [10, 10, 0.3],
    [900, 3_000, 1 / 3],
    [0, 100_000, 0.0001],
    [3_332_000, 10_000_000, 1 / 3],
  ] as const) {
    const [found, expected] = [binomialAtMost(k, n, p), bdtr(k, n, p)];
    assert.ok(Math.abs(found - expected) <= 1e-7 * expected + 1e-300, `${k} of ${n}: ${found}, expected ${expected}`);
  }
  assert.equal(binomialAtMost(-1, 10, 0.5), 0);
  assert.ok(isNear(binomialProbability(3, 10, 0.3), 0.266827932));
});

test("the exact interval is made of quantiles of the beta distribution", () => {
  for (const [k, n] of [
    [1, 10],
    [5, 400],
    [84, 312],
    [1, 1_000_000],
  ] as const) {
    const { low, high } = shareInterval(k, n);
    assert.ok(
      isNear(low, incbi(k, n - k + 1, 0.025)) && isNear(high, incbi(k + 1, n - k, 0.975)),
      `${k} of ${n}: ${low} to ${high}`,
    );
    assert.ok(Math.abs(low - beta.inv(0.025, k, n - k + 1)) < 1e-6);
  }
  // Clopper and Pearson's own example.
  assert.deepEqual([shareInterval(1, 10).low.toFixed(6), shareInterval(1, 10).high.toFixed(6)], ["0.002529", "0.445016"]);
});

test("where rounding puts a share above the bound of both sides, there is a value all the same", () => {
  for (const n of [2, 1_000_003, 1e9 + 7, 1e12 + 1]) {
    const value = incompleteBeta((n + 1) / (n + 3), n, 1);
    assert.ok(value >= 0 && value <= 1, `${n}: ${value}`);
    assert.ok(incompleteBeta(1 - 2 ** -53, n, 1) <= 1);
  }
});
