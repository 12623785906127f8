/** A tracker on a kernel that is told, with its timer wheel: many connects overlap, and each is to be told from the others. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { simulate } from "./simulation.ts";

for (const { rate, together, seconds, recall, readsPerSecond } of [
  { rate: 5, together: 1, seconds: 120, recall: 1, readsPerSecond: 14 },
  { rate: 50, together: 1, seconds: 40, recall: 0.99, readsPerSecond: 110 },
  { rate: 50, together: 6, seconds: 40, recall: 0.99, readsPerSecond: 110 },
  { rate: 200, together: 1, seconds: 20, recall: 0.93, readsPerSecond: 400 },
]) {
  test(`${rate} a second, ${together} at a time, four in ten unanswered: each told, with few readings`, async (t) => {
    const found = await simulate({ rate, together, seconds });
    t.diagnostic(JSON.stringify(found));
    assert.equal(found.hairpin.silent, undefined, "no hairpin is called a drop");
    assert.equal(found.drop.reset, undefined, "no drop is called a hairpin");
    assert.ok(found.recall >= recall && found.cleared >= recall, JSON.stringify(found));
    assert.ok(found.reads < readsPerSecond, `${found.reads} readings a second`);
  });
}
