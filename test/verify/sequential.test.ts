import assert from "node:assert/strict";
import { test } from "node:test";
import { seeded } from "../../bench/seeded.ts";
import { anytimeAttempts, anytimeChance } from "../../src/verify/sequential.ts";

const ALPHA = 0.001;

test("looked at after every attempt, a share that never changed gets there in at most one case in a thousand", () => {
  const random = seeded(3);
  for (const share of [1 / 3, 1 / 12]) {
    const runs = 3_000;
    let wrong = 0;
    for (let run = 0; run < runs; run++) {
      let timeouts = 0;
      for (let attempts = 1; attempts <= 10 / share; attempts++) {
        if (random() < share) timeouts++;
        if (anytimeChance([{ attempts, timeouts, share }]) <= ALPHA) {
          wrong++;
          break;
        }
      }
    }
    // Of 3,000, eleven and more would have a chance of one in three thousand if it were one in a thousand.
    assert.ok(wrong <= 10, `${wrong} of ${runs} at ${share}`);
  }
});

test("without a timeout it takes hardly more attempts than a test that looks once", () => {
  for (const share of [0.5, 1 / 3, 0.01]) {
    const needed = anytimeAttempts(share, ALPHA);
    assert.ok(anytimeChance([{ attempts: needed, timeouts: 0, share }]) <= ALPHA);
    assert.ok(anytimeChance([{ attempts: Math.floor(0.9 * needed), timeouts: 0, share }]) > ALPHA);
    assert.ok(needed <= 1.05 * Math.ceil(Math.log(ALPHA) / Math.log1p(-share)) + 1);
  }
});

test("a lost packet delays it, and does not end it", () => {
  const at = (attempts: number, timeouts: number) => anytimeChance([{ attempts, timeouts, share: 1 / 3 }]);
  assert.ok(at(18, 0) <= ALPHA);
  assert.ok(at(18, 1) > ALPHA && at(60, 1) <= ALPHA);
});

test("paths with shares of their own count together", () => {
  const one = { attempts: 10, timeouts: 0, share: 1 / 3 };
  const other = { attempts: 20, timeouts: 0, share: 1 / 6 };
  assert.ok(anytimeChance([one, other]) < Math.min(anytimeChance([one]), anytimeChance([other])));
  assert.ok(anytimeChance([]) > 0.999);
});
