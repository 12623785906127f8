import assert from "node:assert/strict";
import { test } from "node:test";
import jstat from "jstat";
import { differenceInterval, fisherExact } from "../../src/domain/two-shares.ts";

const near = (actual: number | undefined, expected: number, digits = 4): void =>
  assert.ok(Math.abs((actual ?? Number.NaN) - expected) < 0.5 * 10 ** -digits, `${actual}, expected ${expected}`);

test("the difference of two shares has Newcombe's interval", () => {
  // Newcombe 1998, table II, method 10: cases (a), (c), (e), (g).
  const published = [
    [56, 70, 48, 80, 0.0524, 0.3339],
    [9, 10, 3, 10, 0.1705, 0.809],
    [6, 7, 2, 7, 0.0582, 0.8062],
    [5, 56, 0, 29, -0.0381, 0.1926],
  ] as const;
  for (const [a, n, b, m, low, high] of published) {
    const found = differenceInterval({ hits: a, of: n }, { hits: b, of: m });
    near(found?.low, low);
    near(found?.high, high);
    near(found?.difference, a / n - b / m);
  }
  assert.equal(differenceInterval({ hits: 0, of: 0 }, { hits: 1, of: 2 }), undefined);
});

test("Fisher's exact test is that of R", () => {
  // R: fisher.test(matrix(c(3, 1, 1, 3), 2)), and so on.
  near(fisherExact({ hits: 3, of: 4 }, { hits: 1, of: 4 }), 0.4857);
  near(fisherExact({ hits: 10, of: 10 }, { hits: 0, of: 10 }), 1.083e-5, 8);
  near(fisherExact({ hits: 1, of: 10 }, { hits: 11, of: 14 }), 0.002759, 6);
  assert.equal(fisherExact({ hits: 5, of: 10 }, { hits: 5, of: 10 }), 1);
  assert.equal(fisherExact({ hits: 0, of: 0 }, { hits: 5, of: 10 }), 1);
});

test("its terms are jStat's: summed over all tables that are no more probable", () => {
  for (const [a, n, b, m] of [
    [2, 30, 9, 25],
    [40, 120, 12, 90],
    [0, 400, 8, 380],
  ] as const) {
    const tables = Array.from({ length: a + b + 1 }, (_, k) => jstat.hypgeom.pdf(k, n + m, n, a + b));
    const observed = tables[a] ?? 0;
    const expected = tables.filter((p) => p <= observed * (1 + 1e-7)).reduce((sum, p) => sum + p, 0);
    near(fisherExact({ hits: a, of: n }, { hits: b, of: m }), expected, 7);
  }
});

test("it takes millions of attempts, and gets the tail right far out", () => {
  // All 300 hits among the first third: nearly 3^-300.
  const found = fisherExact({ hits: 300, of: 1_000_000 }, { hits: 0, of: 2_000_000 });
  assert.ok(Math.abs(Math.log(found) + 300 * Math.log(3)) < 0.1, `${found}`);
});

test("it is the same from either side", () => {
  for (let hits = 0; hits <= 12; hits++) {
    const [a, b] = [
      { hits, of: 12 },
      { hits: 3, of: 9 },
    ];
    near(fisherExact(a, b), fisherExact(b, a), 12);
  }
});
