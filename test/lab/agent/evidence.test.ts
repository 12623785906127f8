/**
 * Who is a hairpin and who is not, by the kernel's counters alone: a real agent among hairpins, silent drops and healthy frontends.
 *
 * On a busy machine more verdicts are undecided; how many are not on a quiet one is measured by `npm run bench:evidence`.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { precisionAndRecall, withMixedFrontends } from "../../../bench/evidence-run.ts";
import { inLabSandbox } from "../../support/lab-slot.ts";
import { eventually } from "../../support/waiting.ts";

await inLabSandbox(import.meta.filename, () => {
  for (const { rate, convicted, drops, precision } of [
    { rate: 50, convicted: 100, drops: 30, precision: 0.99 },
    { rate: 200, convicted: 100, drops: 30, precision: 0.97 },
  ]) {
    test(`at ${rate} attempts a second, 30 % hairpins and 10 % drops: who is convicted is a hairpin, precision ${precision}`, async (t) => {
      await withMixedFrontends(rate, async ({ agent, timeouts }) => {
        await eventually(() => {
          const { hairpin, drop } = timeouts();
          assert.ok(hairpin.convicted >= convicted && drop.total >= drops, JSON.stringify(timeouts()));
        });
        const counts = timeouts();
        t.diagnostic(JSON.stringify({ ...counts, ...precisionAndRecall(counts) }));
        const unquiet = agent.log.filter(({ msg }) => msg.startsWith("packets from elsewhere"));
        assert.deepEqual(unquiet, [], "nobody else is here");
        assert.equal(counts.healthy.total, 0);
        assert.equal(counts.hairpin.silent, 0);
        assert.ok(precisionAndRecall(counts).precision >= precision, JSON.stringify(counts));
      });
    });
  }
});
