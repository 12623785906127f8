import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { paceOf, rateLimit, shareOut } from "../../src/schedule/budget.ts";

const need = (service: string, attemptsPerSecond: number) => ({ service, attemptsPerSecond });

test("what fits into the budget is not slowed down", () => {
  assert.deepEqual(shareOut([need("a", 3), need("b", 7)], 10), { needed: 10, stretch: new Map() });
});

test("a Service with very many frontends slows down itself, not those that need little", () => {
  const { needed, stretch } = shareOut([need("huge", 100), need("small", 2), need("large", 20)], 30);
  assert.equal(needed, 122);
  // 28 are left for two, 14 each.
  assert.deepEqual(
    [...stretch].sort(),
    [
      ["huge", 100 / 14],
      ["large", 20 / 14],
    ].sort(),
  );
});

test("the whole budget is used, nobody gets more than is needed, and whoever gets less gets as much as anybody", () => {
  const needs = fc.array(fc.double({ min: 0.01, max: 1_000, noNaN: true }), { minLength: 1, maxLength: 50 });
  fc.assert(
    fc.property(needs, fc.double({ min: 0.1, max: 2_000, noNaN: true }), (amounts, limit) => {
      const all = amounts.map((amount, i) => need(`s${i}`, amount));
      const { needed, stretch } = shareOut(all, limit);
      const given = all.map(({ service, attemptsPerSecond }) => attemptsPerSecond / (stretch.get(service) ?? 1));
      const total = given.reduce((sum, each) => sum + each, 0);
      assert.ok(Math.abs(total - Math.min(needed, limit)) < 1e-6 * Math.max(1, needed), `${total} of ${limit}`);
      const most = Math.max(...given);
      for (const [i, each] of given.entries()) {
        assert.ok(each <= (amounts[i] ?? 0) + 1e-9);
        if (stretch.has(`s${i}`)) assert.ok(each >= most - 1e-9);
      }
    }),
  );
});

test("attempts in flight fit into their own bound, also when every one of them times out", () => {
  assert.equal(rateLimit(200, 1_000, 4_000), 200);
  assert.equal(rateLimit(200, 100, 4_000), 25);
});

test("items of a Service that needs too much are attempted less often, alike, and the others as before", () => {
  const items = [
    ...Array.from({ length: 90 }, () => ({ service: "huge", everyNth: 1 })),
    { service: "small", everyNth: 1 },
    { service: "small", everyNth: 5 },
  ];
  const { paced, needed, slowed } = paceOf(items, 10_000, 2);
  assert.ok(Math.abs(needed - 9.12) < 1e-9);
  assert.equal(slowed, 1);
  // 1.88 a second are left for nine.
  for (const { everyNth } of paced.slice(0, 90)) assert.ok(Math.abs(everyNth - 9 / 1.88) < 1e-9);
  assert.deepEqual(paced.slice(90), items.slice(90));
});
