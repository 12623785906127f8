/** Each fault of the lab gets its own name from every agent, and no other: one run of what `npm run bench:diagnosis` does twenty times. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { FAULTS } from "../../../bench/diagnosis-faults.ts";
import { ROWS, type RowKind, runFault, withDiagnosisLab } from "../../../bench/diagnosis-run.ts";
import type { RunningLab } from "../../../lab/running-lab.ts";
import type { Cause } from "../../../src/domain/diagnosis.ts";
import { inLabSandbox } from "../../support/lab-slot.ts";
import { isNightly } from "../../support/run-environment.ts";

await inLabSandbox(import.meta.filename, () => {
  let lab: RunningLab;
  let done: () => void = () => {};
  let closed: Promise<void>;
  before(async () => {
    const over = new Promise<void>((resolve) => {
      done = resolve;
    });
    await new Promise<void>((ready, failed) => {
      closed = withDiagnosisLab(async (running) => {
        lab = running;
        ready();
        await over;
      });
      closed.catch(failed);
    });
  });
  after(async () => {
    done();
    await closed;
  });

  /** Of the environments those that the agent sees by itself; the others by night. */
  const byDay: readonly RowKind[] = [...(Object.keys(FAULTS) as RowKind[]), "mesh", "invalid_drop"];
  for (const [i, kind] of (isNightly ? (Object.keys(ROWS) as RowKind[]) : byDay).entries()) {
    test(`${kind}: every frontend has its own diagnosis`, async (t) => {
      const verdicts = await runFault(lab, kind, i + 1);
      // 3 nodes, 2 zones, 2 ports.
      assert.equal(verdicts.length, 12);
      // A busy machine starves agents besides: then the word may be another one, and still no hairpin and no all-clear that is none.
      const isFalse = (said: Cause): boolean => said === "hairpin" || said === "healthy";
      const wrong = verdicts.filter(({ said, isRight, isStarved }) => !isRight && (!isStarved || isFalse(said)));
      const starved = verdicts.filter(({ isStarved }) => isStarved).length;
      if (kind !== "starved_agent" && starved > 0)
        t.diagnostic(`${starved} of ${verdicts.length} frontends: the agent was starved`);
      assert.deepEqual(
        wrong.map(({ said, truth, where }) => `${said} for ${truth}: ${where}`),
        [],
      );
    });
  }
});
