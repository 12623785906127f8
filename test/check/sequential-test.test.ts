import assert from "node:assert/strict";
import { test } from "node:test";
import { seeded } from "../../bench/seeded.ts";
import { sequentialVerdict, testFor } from "../../src/check/sequential-test.ts";

const failures = (pattern: string): readonly boolean[] => [...pattern].map((each) => each === "x");

test("it stops at the first attempt that settles the matter, whatever comes after", () => {
  const half = testFor(0.5);
  assert.equal(sequentialVerdict(failures(".x"), half), "open");
  assert.equal(sequentialVerdict(failures("xx"), half), "fails");
  assert.equal(sequentialVerdict(failures("........"), half), "fine");
  assert.equal(sequentialVerdict(failures("........xxxx"), half), "fine");
});

test("the smaller the share that is to be found, the more attempts it takes", () => {
  const needed = (exposure: number | undefined) => {
    for (let n = 1; n < 2_000; n++) if (sequentialVerdict(failures(".".repeat(n)), testFor(exposure)) === "fine") return n;
    return Number.NaN;
  };
  const counts = [1, 0.5, 0.25, 0.1, 0.05, 0.02].map(needed);
  assert.deepEqual(
    counts,
    counts.toSorted((a, b) => a - b),
  );
  assert.equal(needed(undefined), needed(0));
  assert.equal(needed(0.0001), needed(0.02), "within bounds: nobody waits for tens of thousands");
  assert.equal(needed(0), needed(0.05));
});

for (const share of [0.5, 0.25, 0.1]) {
  test(`of two thousand runs about one in a hundred is called wrong, at a share of ${share}`, () => {
    const random = seeded(7);
    const wrong = (actual: number, expected: string) => {
      let count = 0;
      for (let run = 0; run < 2_000; run++) {
        const outcomes = Array.from({ length: 2_000 }, () => random() < actual);
        if (sequentialVerdict(outcomes, testFor(share)) !== expected) count++;
      }
      return count / 2_000;
    };
    assert.ok(wrong(share, "fails") < 0.02, "hairpins that were missed");
    assert.ok(wrong(0.005, "fine") < 0.02, "faults that were invented");
  });
}
