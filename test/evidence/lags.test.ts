import assert from "node:assert/strict";
import { test } from "node:test";
import { Lags, lagOf } from "../../src/evidence/lags.ts";
import { suspectOf } from "./world.ts";

const FRONTEND = { address: "10.0.1.1", port: 80, localPort: () => undefined };
const OTHER = { ...FRONTEND, address: "10.0.2.2" };
const WIDE = { fromMs: 90, withinMs: 400 };

test("the lag of a hairpin is between the readings around the only reset in its window", () => {
  const readings = [0, 200, 295, 302, 400, 410].map((atMs) => ({ atMs, resets: atMs >= 302 ? 1 : 0, retransmissions: 0 }));
  const suspect = { ...suspectOf(0), answer: WIDE };
  assert.deepEqual(lagOf(readings, suspect), { leastMs: 295, mostMs: 302 });
  const far = readings.filter(({ atMs }) => atMs !== 295);
  assert.equal(lagOf(far, suspect), undefined, "the readings are too far apart");
  const two = readings.map((reading) => (reading.atMs >= 400 ? { ...reading, resets: 2 } : reading));
  assert.equal(lagOf(two, suspect), undefined, "one of them is another's");
});

test("lags that were seen often enough make the window narrow, until resets come that fit nobody", () => {
  const lags = new Lags();
  const note = () => lags.note(FRONTEND, { leastMs: 295, mostMs: 302 });
  for (let i = 0; i < 5; i++) note();
  assert.deepEqual(lags.narrowed(FRONTEND, WIDE, true), WIDE, "not yet");
  note();
  const { fromMs, withinMs } = lags.narrowed(FRONTEND, WIDE, true);
  assert.ok(fromMs > 250 && fromMs < 290 && withinMs > 310 && withinMs < 340, `${fromMs} to ${withinMs}`);
  assert.deepEqual(lags.narrowed(OTHER, WIDE, true), WIDE, "another that answers has its own");
  assert.deepEqual(lags.narrowed(OTHER, WIDE, false), { fromMs, withinMs }, "one that never does has that of the others");
  const quick = { fromMs: 0, withinMs: 5 };
  assert.deepEqual(lags.narrowed(FRONTEND, quick, true), quick);
  lags.forget();
  assert.deepEqual(lags.narrowed(FRONTEND, WIDE, true), WIDE);
});
