import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { takeLabSlot } from "./lab-slot.ts";

test("labs wait for a slot until one that has it is gone", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "hairpin-probe-slots-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const taken = await Promise.all(Array.from({ length: availableParallelism() + 1 }, () => takeLabSlot(folder)));
  const order: string[] = [];
  const next = takeLabSlot(folder).then((slot) => {
    order.push("taken");
    return slot;
  });
  // It has looked at all of them, and again.
  await new Promise((resolve) => setTimeout(resolve, 700));
  order.push("given back");
  taken.pop()?.[Symbol.dispose]();
  taken.push(await next);
  for (const slot of taken) slot[Symbol.dispose]();
  assert.deepEqual(order, ["given back", "taken"]);
});
