/**
 * Fuzzes everything that comes from outside: `npm run fuzz`.
 *
 * A million cases, unless `--cases` says how many; new ones each time, unless `--seed` says which. `--only` takes a part of the name of
 * a property. It prints the seed first, and at the end what was run of each property.
 */
import { globSync } from "node:fs";
import { run } from "node:test";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { CASES } from "./support/budget.ts";

const { values } = parseArgs({
  options: { cases: { type: "string", default: String(CASES.nightly) }, seed: { type: "string" }, only: { type: "string" } },
});
const MAX_SEED = 2 ** 31;
const cases = numberOf("--cases", values.cases);
const seed = values.seed === undefined ? Math.floor(Math.random() * MAX_SEED) : numberOf("--seed", values.seed);
process.env.HAIRPIN_FUZZ_CASES = String(cases);
process.env.HAIRPIN_FUZZ_SEED = String(seed);
console.log(`seed ${seed}, ${cases} cases`);

const startedMs = performance.now();
const counts = new Map<string, number>();
let failures = 0;
const { only } = values;
const stream = run({
  files: globSync(fileURLToPath(new URL("*.test.ts", import.meta.url))),
  concurrency: 2,
  ...(only === undefined ? {} : { testNamePatterns: [new RegExp(only.replaceAll(/[^\w ]/g, "."))] }),
});
for await (const { type, data } of stream as AsyncIterable<Event>) {
  if (type === "test:diagnostic") count(data.message ?? "");
  // A suite fails because one of its tests does.
  if (type === "test:fail" && data.details?.type !== "suite") fail(data);
}
const total = [...counts.values()].reduce((sum, each) => sum + each, 0);
console.log(
  `${String(total).padStart(9)} cases in all, in ${((performance.now() - startedMs) / 1000).toFixed(0)} s; ${failures} failed; seed ${seed}`,
);
const isComplete = only !== undefined || total >= cases;
if (!isComplete) console.log(`expected ${cases} at least`);
process.exitCode = failures === 0 && isComplete ? 0 : 1;

interface Event {
  readonly type: string;
  readonly data: {
    readonly name?: string;
    readonly message?: string;
    readonly details?: { readonly type?: string; readonly error?: Error };
  };
}

/** What a property says of itself once it has held. */
function count(message: string): void {
  const [, number, name] = /^(\d+) cases.*?: (.*)$/.exec(message) ?? [];
  if (number === undefined || name === undefined) return;
  counts.set(name, Number(number));
  console.log(`${number.padStart(9)} ${name}`);
}

function fail({ name, details }: Event["data"]): void {
  failures++;
  const { error } = details ?? {};
  const reason = error?.cause instanceof Error ? error.cause.message : (error?.message ?? "");
  console.log(`FAILED    ${name}\n${reason}\n`);
}

function numberOf(flag: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) {
    console.error(`${flag}: got ${JSON.stringify(text)}, expected a whole number`);
    process.exit(2);
  }
  return Number(text);
}
