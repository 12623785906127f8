/** Runs one property over as many cases as it is given, and reports a failure so that it can be added to the corpus. */
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { CASES, casesOf, type PropertyName } from "./budget.ts";

/** The same cases in every run of `npm test`, so that no change is blamed for a case of chance; `npm run fuzz` draws new ones. */
const SEED = Number(process.env.HAIRPIN_FUZZ_SEED ?? 20_260_101);
const TOTAL = Number(process.env.HAIRPIN_FUZZ_CASES ?? CASES.ci);
/** One case that takes more processor time than this hangs, or nearly. What else the process does meanwhile counts, too. */
const MAX_CPU_MS = 10_000;
/** Only what hangs is not over by then, whatever else the machine does. */
const MAX_WALL_MS = 300_000;
/** Shrinking cases that take long takes longer: what is found by then is reported. */
const MAX_PROPERTY_MS = TOTAL > CASES.ci ? 3_600_000 : 600_000;

/** Cases that failed once, by property: they come first in every run. */
const FOUND = JSON.parse(readFileSync(new URL("../corpora/found.json", import.meta.url), "utf8")) as Readonly<
  Partial<Record<PropertyName, readonly unknown[]>>
>;

/**
 * A test of one property.
 *
 * @param given - Cases. They are made of what JSON can say, so that one that fails can be kept in `corpora/found.json`.
 * @param holds - Throws where the property does not hold.
 */
export function fuzz<T>(name: PropertyName, given: fc.Arbitrary<T>, holds: (value: T) => void | Promise<void>): void {
  test(name, async (t) => {
    const numRuns = casesOf(name, TOTAL);
    const startedMs = performance.now();
    const examples = (FOUND[name] ?? []).map((value): [T] => [value as T]);
    const result = await fc.check(
      fc.asyncProperty(given, async (value) => {
        await watched(() => holds(value));
      }),
      { seed: SEED, numRuns, examples, interruptAfterTimeLimit: MAX_PROPERTY_MS, markInterruptAsFailure: true },
    );
    if (result.failed) throw new Error(reportOf(name, result), { cause: result.errorInstance });
    t.diagnostic(`${result.numRuns} cases in ${((performance.now() - startedMs) / 1000).toFixed(1)} s: ${name}`);
  });
}

/** Cases that a property counts itself. */
export const casesFor = (name: PropertyName): number => casesOf(name, TOTAL);
export const SEED_OF_RUN = SEED;

function reportOf<T>(
  name: PropertyName,
  { seed, counterexample, counterexamplePath, errorInstance }: fc.RunDetails<[T]>,
): string {
  const [value] = counterexample ?? [];
  if (counterexample === null) return `not over after ${MAX_PROPERTY_MS} ms, although no case failed`;
  return [
    `${errorInstance instanceof Error ? errorInstance.message : String(errorInstance)}`,
    `after shrinking (seed ${seed}, path ${counterexamplePath}); again with: npm run fuzz -- --seed ${seed} --only ${JSON.stringify(name)}`,
    `to keep it, add to ${JSON.stringify(name)} in test/fuzz/corpora/found.json:`,
    JSON.stringify(value),
  ].join("\n");
}

/** What no case may do, whatever it is about: pollute prototypes, or take for ever. */
async function watched(run: () => void | Promise<void>): Promise<void> {
  const before = process.cpuUsage();
  const pending = run();
  if (pending !== undefined) await withinTime(pending);
  const { user, system } = process.cpuUsage(before);
  const ms = (user + system) / 1000;
  if (ms > MAX_CPU_MS) throw new Error(`took ${ms.toFixed(0)} ms of processor time, expected at most ${MAX_CPU_MS}`);
  const keys = prototypeKeys();
  if (keys !== PROTOTYPE_KEYS) throw new Error(`${keys - PROTOTYPE_KEYS} keys more on the prototypes of everything`);
}

async function withinTime(pending: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not over after ${MAX_WALL_MS} ms`)), MAX_WALL_MS);
  });
  try {
    await Promise.race([pending, late]);
  } finally {
    clearTimeout(timer);
  }
}

const PROTOTYPES: readonly object[] = [Object.prototype, Array.prototype, Function.prototype, String.prototype, Map.prototype];
const prototypeKeys = (): number => PROTOTYPES.reduce((sum, prototype) => sum + Reflect.ownKeys(prototype).length, 0);
const PROTOTYPE_KEYS = prototypeKeys();
