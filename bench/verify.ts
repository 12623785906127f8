/**
 * How often `verify` is fooled by luck, and how many attempts it takes: `npm run bench:verify`.
 *
 * Simulated watches that look again every few attempts, and stop at the first FIXED. Unfixed ones should never get there; of fixed ones
 * the median is printed beside the fewest attempts that any test could do with which looks once, and knows the share.
 */
import { parseArgs } from "node:util";
import { attemptsToRuleOut, shareInterval } from "../src/domain/binomial.ts";
import { anytimeChance } from "../src/verify/sequential.ts";
import { MAX_CHANCE } from "../src/verify/unfixed.ts";
import { seeded } from "./seeded.ts";

const { values } = parseArgs({ options: { watches: { type: "string", default: "10000" } } });
const watches = Number(values.watches);
/** Timeouts that were seen before the change, on average, and that a watch waits for, at most. */
const [BEFORE_TIMEOUTS, PATIENCE] = [50, 30];

interface Watch {
  readonly share: number;
  readonly isFixed: boolean;
  readonly random: () => number;
}

/** @returns Attempts after which it said FIXED; `undefined`: it never did. */
function watch({ share, isFixed, random }: Watch): number | undefined {
  const attemptsBefore = Math.ceil(BEFORE_TIMEOUTS / share);
  let timeoutsBefore = 0;
  for (let i = 0; i < attemptsBefore; i++) if (random() < share) timeoutsBefore++;
  const { low } = shareInterval(timeoutsBefore, attemptsBefore, 1 - MAX_CHANCE);
  const every = Math.max(1, Math.round(0.1 / share));
  let timeouts = 0;
  for (let attempts = 1; attempts <= PATIENCE / share; attempts++) {
    if (!isFixed && random() < share) timeouts++;
    if (attempts % every === 0 && MAX_CHANCE / 2 + anytimeChance([{ attempts, timeouts, share: low }]) < MAX_CHANCE)
      return attempts;
  }
  return undefined;
}

const row = (cells: readonly string[]): void =>
  console.log(cells.map((cell, i) => (i === 0 ? cell.padEnd(10) : cell.padStart(26))).join(""));
row(["exposure", "unfixed, called fixed", "fixed: median attempts", "once, share known", "ratio"]);
const random = seeded(11);
for (const targets of [3, 12, 100]) {
  const share = 1 / targets;
  const wrong = Array.from({ length: watches }, () => watch({ share, isFixed: false, random })).filter(
    (each) => each !== undefined,
  );
  const right = Array.from(
    { length: Math.min(watches, 1_000) },
    () => watch({ share, isFixed: true, random }) ?? Number.POSITIVE_INFINITY,
  );
  const median = right.sort((a, b) => a - b)[Math.floor(right.length / 2)] ?? Number.NaN;
  const floor = attemptsToRuleOut(share, MAX_CHANCE);
  row([
    `1/${targets}`,
    `${wrong.length} of ${watches} (${((wrong.length / watches) * 100).toFixed(2)} %)`,
    String(median),
    String(floor),
    (median / floor).toFixed(2),
  ]);
}
