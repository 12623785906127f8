/** Each change gets the verdict that it deserves: one run of what `npm run bench:verify-lab` does twenty times with more of them. */
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { CHANGES, type ChangeName } from "../../../bench/verify-changes.ts";
import { type Ruling, runChanges, withVerifyLab } from "../../../bench/verify-lab-run.ts";
import { VERDICT_WORDS } from "../../../src/verify/report.ts";
import { inLabSandbox } from "../../support/lab-slot.ts";

const SEED = 7;
/** Those of a line are made at the same moment, to a Service each. Nodes that joined stay: theirs is the last. */
const BATCHES: readonly (readonly ChangeName[])[] = [
  ["preservation_off", "ip_targets", "wrong_spelling", "cross_zone_on", "firewall_closed", "new_nlb"],
  ["backends_killed"],
  ["more_nodes"],
];

await inLabSandbox(import.meta.filename, () => {
  const rulings: Ruling[] = [];
  before(() =>
    withVerifyLab(SEED, async (lab) => {
      for (const batch of BATCHES) rulings.push(...(await runChanges(lab, batch)));
    }),
  );

  for (const name of BATCHES.flat()) {
    const { expected, why } = CHANGES[name];
    test(`${name} is ${VERDICT_WORDS[expected]}: ${why}`, () => {
      const ruling = rulings.find(({ change }) => change === name);
      assert.equal(ruling?.said, expected, ruling?.where ?? "there is none");
    });
  }
});
