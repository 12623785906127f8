/**
 * Whether every fault gets its own name and no other: `npm run bench:diagnosis`.
 *
 * Each fault of the lab, and each environment that hides hairpins, in seeded runs: the seed draws where it strikes, how hard, and what the NLB is like besides. In each run
 * a fresh agent on every node probes until each frontend has had attempts enough; then each of its diagnoses is held against what is
 * really so. Printed is the confusion matrix over frontends: where a hairpin cannot be seen, what is honest to say is right, too. Exit code 1 if any is wrong.
 */
import { parseArgs } from "node:util";
import { CAUSES } from "../src/domain/diagnosis.ts";
import { ROWS, type RowKind, runFault, type Verdict, withDiagnosisLab } from "./diagnosis-run.ts";

const { values } = parseArgs({
  options: { runs: { type: "string", default: "20" }, fault: { type: "string" } },
});
const RUNS = Number(values.runs);
const kinds = Object.keys(ROWS).filter((kind) => values.fault === undefined || kind === values.fault) as readonly RowKind[];

function print(verdicts: readonly Verdict[]): void {
  const used = CAUSES.filter((cause) => verdicts.some(({ said, truth }) => said === cause || truth === cause));
  const columns = used.map((cause) => ({ cause, width: cause.length + 2 }));
  console.log(`\n${"fault: truth".padEnd(34)}${columns.map(({ cause, width }) => cause.padStart(width)).join("")}`);
  for (const fault of kinds) {
    for (const truth of used) {
      const row = verdicts.filter((verdict) => verdict.fault === fault && verdict.truth === truth);
      if (row.length === 0) continue;
      const cells = columns.map(({ cause, width }) => {
        const count = row.filter(({ said }) => said === cause).length;
        return (count === 0 ? "·" : String(count)).padStart(width);
      });
      console.log(`${`${fault}: ${truth}`.padEnd(34)}${cells.join("")}`);
    }
  }
}

const verdicts: Verdict[] = [];
await withDiagnosisLab(async (lab) => {
  for (const kind of kinds) {
    for (let seed = 1; seed <= RUNS; seed++) {
      const found = await runFault(lab, kind, seed);
      verdicts.push(...found);
      for (const { truth, said, isRight, where } of found) if (!isRight) console.log(`${kind}: ${said} for ${truth}: ${where}`);
    }
    const own = verdicts.filter(({ fault }) => fault === kind);
    const right = own.filter(({ isRight }) => isRight).length;
    console.log(`${kind}: ${right} of ${own.length} diagnoses right, ${RUNS} runs`);
  }
});
print(verdicts);
const wrong = verdicts.filter(({ isRight }) => !isRight);
const missed = wrong.filter(({ truth }) => truth === "hairpin").length;
const invented = wrong.filter(({ said }) => said === "hairpin").length;
console.log(`\n${verdicts.length} diagnoses, ${wrong.length} wrong; hairpins missed: ${missed}, invented: ${invented}`);
process.exitCode = wrong.length > 0 ? 1 : 0;
