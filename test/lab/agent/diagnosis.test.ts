/** Each fault of the lab gets its own name from every agent, and no other: one run of what `npm run bench:diagnosis` does twenty times. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { FAULTS, type FaultKind } from "../../../bench/diagnosis-faults.ts";
import { runFault, withDiagnosisLab } from "../../../bench/diagnosis-run.ts";
import { inOwnSandbox } from "../../../lab/runner/own-sandbox.ts";
import type { RunningLab } from "../../../lab/running-lab.ts";

await inOwnSandbox(import.meta.filename, () => {
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

  for (const [i, kind] of (Object.keys(FAULTS) as FaultKind[]).entries()) {
    test(`${kind}: every frontend has its own diagnosis`, async () => {
      const verdicts = await runFault(lab, kind, i + 1);
      // 3 nodes, 2 zones, 2 ports.
      assert.equal(verdicts.length, 12);
      const wrong = verdicts.filter(({ said, truth }) => said !== truth);
      assert.deepEqual(
        wrong.map(({ said, truth, where }) => `${said} for ${truth}: ${where}`),
        [],
      );
    });
  }
});
