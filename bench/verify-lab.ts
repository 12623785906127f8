/**
 * Whether `verify` tells what helps from what does not: `npm run bench:verify-lab`.
 *
 * Every change that a user may try, in seeded runs on the lab: the seed draws the cluster, what the Service is like before, and where
 * the change strikes. Real agents probe Services that hairpin; each change is made to one of them, and what `verify` makes of the agents'
 * counters is held against what is really so. Exit code 1 if any verdict is wrong.
 */
import { parseArgs } from "node:util";
import { VERDICT_WORDS } from "../src/verify/report.ts";
import { CHANGE_NAMES, CHANGES, type ChangeName } from "./verify-changes.ts";
import { type Ruling, runChanges, type VerifyLab, withVerifyLab } from "./verify-lab-run.ts";

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "20" },
    change: { type: "string", multiple: true },
    seed: { type: "string", default: "1" },
    "at-once": { type: "string", default: "6" },
    evidence: { type: "string", default: "counters" },
    explain: { type: "boolean", default: false },
  },
});
const [FIRST, RUNS, AT_ONCE] = [Number(values.seed), Number(values.runs), Number(values["at-once"])];
const unknown = values.change?.find((name) => !(name in CHANGES));
if (unknown !== undefined) throw new RangeError(`--change: got ${unknown}, expected of ${CHANGE_NAMES.join(", ")}`);
const names = CHANGE_NAMES.filter((name) => values.change?.includes(name) ?? true);
const isAlone = (name: ChangeName): boolean => "isAlone" in CHANGES[name];
/** Without evidence only the shares speak, and where a change moves those it is honest not to know. */
const mayStayOpen = ({ expected }: Ruling): boolean => values.evidence === "off" && expected === "not_fixed";
const isWrong = (ruling: Ruling): boolean =>
  ruling.said !== ruling.expected && !(ruling.said === "inconclusive" && mayStayOpen(ruling));

/** Changes to be made at the same moment. Nodes that joined stay: theirs is the last. */
function batches(): readonly (readonly ChangeName[])[] {
  const shared = names.filter((name) => !isAlone(name));
  const groups = Array.from({ length: Math.ceil(shared.length / AT_ONCE) }, (_, i) =>
    shared.slice(i * AT_ONCE, (i + 1) * AT_ONCE),
  );
  const alone = names.filter(isAlone).sort((a, b) => Number(a === "more_nodes") - Number(b === "more_nodes"));
  return [...groups, ...alone.map((name) => [name])];
}

async function runSeed(verifyLab: VerifyLab): Promise<readonly Ruling[]> {
  const { shape, seed, counts } = verifyLab;
  const rulings: Ruling[] = [];
  for (const batch of batches()) {
    const made = await runChanges(verifyLab, batch);
    rulings.push(...made);
    for (const ruling of made)
      if (isWrong(ruling) || values.explain)
        console.log(
          `${ruling.change}: ${VERDICT_WORDS[ruling.said]}, expected ${VERDICT_WORDS[ruling.expected]}: ${ruling.where}`,
        );
  }
  const { attempts, discarded } = await counts();
  const right = rulings.filter((ruling) => !isWrong(ruling)).length;
  const cluster = `${shape.present.length} nodes (${shape.joining.length} to join) in ${shape.topology.zones.length} zones`;
  console.log(`seed ${seed}: ${cluster}: ${right} of ${rulings.length} right; ${attempts} attempts, and ${discarded} discarded`);
  return rulings;
}

const rulings: Ruling[] = [];
for (let seed = FIRST; seed < FIRST + RUNS; seed++)
  rulings.push(...(await withVerifyLab(seed, runSeed, ["--evidence", values.evidence])));

console.log(`\n${"change".padEnd(28)}${"must be".padEnd(15)}right`);
for (const name of names) {
  const own = rulings.filter(({ change }) => change === name);
  const right = own.filter((ruling) => !isWrong(ruling)).length;
  const open = own.filter((ruling) => !isWrong(ruling) && ruling.said !== ruling.expected).length;
  const share = `${right} of ${own.length}${open === 0 ? "" : `, ${open} open`}`;
  console.log(`${name.padEnd(28)}${VERDICT_WORDS[CHANGES[name].expected].padEnd(15)}${share.padEnd(18)}${CHANGES[name].why}`);
}
const wrong = rulings.filter(isWrong);
const falselyFixed = wrong.filter(({ said }) => said === "fixed").length;
console.log(`\n${rulings.length} verdicts, ${wrong.length} wrong; called fixed and not so: ${falselyFixed}`);
process.exitCode = wrong.length > 0 ? 1 : 0;
