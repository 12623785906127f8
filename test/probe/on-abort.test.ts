import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { onAbort } from "../../src/probe/on-abort.ts";

test("all that wait for a signal are told once, but for those that took it back, by one listener of it", () => {
  const { signal, abort } = ((controller) => ({ signal: controller.signal, abort: () => controller.abort() }))(
    new AbortController(),
  );
  const told: string[] = [];
  const takeBack = ["first", "second", "second", "third"].map((name) => onAbort(signal, () => told.push(name)));
  takeBack[0]?.();
  assert.equal(getEventListeners(signal, "abort").length, 1);
  abort();
  assert.deepEqual(told, ["second", "second", "third"]);
  onAbort(signal, () => told.push("late"))();
  assert.equal(told.at(-1), "late");
});
