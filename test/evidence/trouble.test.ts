/** A tracker on a kernel that is told, where answers are slow, SYNs get lost, or somebody else causes resets: nothing false is said. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { simulate } from "./simulation.ts";

const nobodyWrong = ({ hairpin, drop }: Awaited<ReturnType<typeof simulate>>) => {
  assert.equal(hairpin.silent, undefined, "no hairpin is called a drop");
  assert.equal(drop.reset, undefined, "no drop is called a hairpin");
};

for (const answerMs of [
  [43, 46],
  [99, 110],
  [280, 320],
] as const) {
  for (const rate of [1, 5]) {
    test(`answers that take ${answerMs.join(" to ")} ms: at ${rate} a second nine of ten hairpins are told, none is called silent`, async (t) => {
      const found = await simulate({ rate, together: 1, seconds: 200, isShared: true, answerMs });
      t.diagnostic(JSON.stringify(found));
      nobodyWrong(found);
      assert.ok(found.recall >= 0.9, JSON.stringify(found));
      assert.ok(found.isQuiet, "slow answers are no strangers");
    });
  }
}

test("answers that take anything from 100 to 300 ms: what was sent before the first reading that is kept is not forgotten", async () => {
  for (const seed of [1, 2, 3, 5]) {
    nobodyWrong(await simulate({ rate: 5, together: 1, seconds: 60, isShared: true, answerMs: [100, 300], seed }));
  }
});

test("at five attempts a second, where whoever times out hairpins, all are told however slow the answers", async (t) => {
  const found = await simulate({ rate: 5, together: 1, seconds: 60, drops: 0, isShared: true, answerMs: [280, 320] });
  t.diagnostic(JSON.stringify(found));
  nobodyWrong(found);
  assert.ok(found.recall >= 0.9, JSON.stringify(found));
});

test("a frontend that answers later than all others, and never in time to know it, is not called silent", async () => {
  const found = await simulate({ rate: 1, together: 1, seconds: 60, strayMs: 200 });
  assert.equal(found.hairpin.silent, undefined);
});

for (const loss of [0.1, 0.3]) {
  test(`${100 * loss} % of all SYNs are lost at 50 a second: no hairpin is called silent, no drop a hairpin`, async (t) => {
    const found = await simulate({ rate: 50, together: 1, seconds: 20, isShared: true, loss });
    t.diagnostic(JSON.stringify(found));
    nobodyWrong(found);
    assert.ok((found.hairpin.reset ?? 0) > 50, "the control: some are told all the same");
  });
}

for (const { rate, strangers } of [
  { rate: 2, strangers: 20 },
  { rate: 1, strangers: 20 },
  { rate: 2, strangers: 200 },
  { rate: 2, strangers: 3_000 },
]) {
  test(`a scan of ${strangers} SYNs a second beside ${rate} attempts, all drops: no hairpin is seen, the scan is`, async () => {
    const scan = { rate: strangers, fromSeconds: 30 };
    const found = await simulate({ rate, together: 1, seconds: 40, hairpins: 0, drops: 0.8, strangers: scan });
    assert.equal(found.drop.reset, undefined);
    assert.ok((found.drop.silent ?? 0) > 0, "the control: before the scan they were told");
    assert.equal(found.isQuiet, false);
  });
}

test("a real hairpin that a scan hides is undecided, never silent; what was told before was right", async () => {
  const scan = { rate: 100, fromSeconds: 40 };
  const found = await simulate({ rate: 5, together: 1, seconds: 40, hairpins: 0.3, drops: 0.1, strangers: scan });
  nobodyWrong(found);
  assert.ok((found.hairpin.undecided ?? 0) > 10 && (found.hairpin.reset ?? 0) > 10, JSON.stringify(found));
});
