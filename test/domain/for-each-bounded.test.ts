import assert from "node:assert/strict";
import test from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { forEachBounded } from "../../src/domain/for-each-bounded.ts";

test("all items are worked on, never more at a time than the limit", async () => {
  const done: number[] = [];
  let atWork = 0;
  let most = 0;
  await forEachBounded([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
    most = Math.max(most, ++atWork);
    await turn();
    atWork -= 1;
    done.push(item);
  });
  assert.deepEqual(
    done.sort((a, b) => a - b),
    [1, 2, 3, 4, 5, 6, 7],
  );
  assert.equal(most, 3);
});

test("after a failure nothing new is begun, and what was begun has ended", async () => {
  const begun: number[] = [];
  const ended: number[] = [];
  const work = async (item: number) => {
    begun.push(item);
    await turn();
    if (item === 1) throw new Error("first");
    await turn();
    ended.push(item);
    if (item === 2) throw new Error("second");
  };
  await assert.rejects(forEachBounded([1, 2, 3, 4], 2, work), { message: "first" });
  assert.deepEqual([begun, ended], [[1, 2], [2]]);
});
