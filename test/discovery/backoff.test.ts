import assert from "node:assert/strict";
import { it } from "node:test";
import { Backoff } from "../../src/discovery/api/backoff.ts";

it("waits double from the base to the maximum, and start over after a reset", () => {
  const backoff = new Backoff({ baseMs: 500, maxMs: 3_000, random: () => 0.999_999 });
  const next = (): number => Math.round(backoff.nextMs());
  assert.deepEqual([next(), next(), next(), next(), next()], [500, 1_000, 2_000, 3_000, 3_000]);
  backoff.reset();
  assert.equal(next(), 500);
});

it("a wait is at least half of what it could be, so that trouble never turns into a storm", () => {
  const backoff = new Backoff({ baseMs: 500, maxMs: 3_000, random: () => 0 });
  assert.deepEqual([backoff.nextMs(), backoff.nextMs(), backoff.nextMs(), backoff.nextMs()], [250, 500, 1_000, 1_500]);
});

it("a thousand troubles in a row do not overflow", () => {
  const backoff = new Backoff({ baseMs: 500, maxMs: 30_000, random: () => 0.5 });
  for (let i = 0; i < 1_000; i++) backoff.nextMs();
  assert.equal(backoff.nextMs(), 22_500);
});
