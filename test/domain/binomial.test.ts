import assert from "node:assert/strict";
import { test } from "node:test";
import { attemptsToRuleOut, binomialAtMost, shareInterval } from "../../src/domain/binomial.ts";

test("the exact interval is that of the tables", () => {
  const rounded = (k: number, n: number) => Object.values(shareInterval(k, n)).map((share) => share.toFixed(3));
  // R: binom.test(k, n)$conf.int.
  assert.deepEqual(rounded(0, 20), ["0.000", "0.168"]);
  assert.deepEqual(rounded(7, 20), ["0.154", "0.592"]);
  assert.deepEqual(rounded(20, 20), ["0.832", "1.000"]);
  assert.deepEqual(shareInterval(0, 0), { low: 0, high: 1 });
});

test("a share is ruled out by the attempts that make its silence improbable", () => {
  assert.deepEqual(
    [1, 0.5, 0.25, 0.1, 0.05, 0.01].map((share) => attemptsToRuleOut(share, 0.05)),
    [1, 5, 11, 29, 59, 299],
  );
});

test("all counts together are certain", () => assert.ok(Math.abs(binomialAtMost(20, 20, 0.3) - 1) < 1e-9));
