import { shareInterval } from "../domain/binomial.ts";
import { type Count, differenceInterval, fisherExact } from "../domain/two-shares.ts";
import { type Arm, otherFailuresOf, type Tally, tally, timeoutsOf } from "./arms.ts";
import type { Judgement, Verdict } from "./judge.ts";
import type { Configuration, Observation, Stratum } from "./observation.ts";

/** All that `verify` found out, for whoever writes it down. */
export interface VerifyReport {
  readonly service: string;
  readonly changedAtMs: number;
  /** Where the moment comes from. */
  readonly changeSource: "given" | "seen";
  readonly settleMs: number;
  readonly before: Observation;
  readonly after: Observation;
  readonly judgement: Judgement;
  /** What the source of the numbers said of its own answers. */
  readonly warnings: readonly string[];
}

export const VERDICT_WORDS: Readonly<Record<Verdict, string>> = {
  fixed: "FIXED",
  not_fixed: "NOT FIXED",
  inconclusive: "INCONCLUSIVE",
};

/** One comparison: what is counted, before and after, and how they differ. */
export interface Comparison {
  readonly title: string;
  readonly what: string;
  readonly before: Share;
  readonly after: Share;
  /** After less before, with its 95 % interval; `undefined`: one of them has no attempts. */
  readonly difference: ReturnType<typeof differenceInterval>;
  /** Probability of such a difference by chance (Fisher). */
  readonly p: number;
  readonly hairpins?: { readonly before: number; readonly after: number };
}

export interface Share extends Count {
  /** `undefined`: no attempts. */
  readonly share: number | undefined;
  /** Of the exact 95 % interval. */
  readonly low: number;
  readonly high: number;
}

/** What was compared, in the order in which it is read. Comparisons without an attempt on either side are left out. */
export function comparisonsOf({ before, after, judgement: { arms } }: VerifyReport): readonly Comparison[] {
  const hairpins = { before: arms.exposed.before.hairpins, after: arms.exposed.after.hairpins };
  const all = [
    { ...compare("Paths that were exposed", "timed out", ...countsOf(arms.exposed, timeoutsOf)), hairpins },
    compare("The same paths", "failed otherwise", ...countsOf(arms.exposed, otherFailuresOf)),
    compare("Other paths", "timed out", ...countsOf(arms.others, timeoutsOf)),
    ...STRATA.map(({ title, isIn }) => {
      const arm = { before: tally(before.strata.filter(isIn)), after: tally(after.strata.filter(isIn)) };
      return compare(title, "timed out", ...countsOf(arm, timeoutsOf));
    }),
    compare("Past the NLB", "failed", before.control, after.control),
  ];
  return all.filter((each) => each.before.of + each.after.of > 0);
}

/** The same attempts by plain facts, whatever the configuration implied. */
const STRATA: readonly { readonly title: string; readonly isIn: (stratum: Stratum) => boolean }[] = [
  { title: "Nodes with a backend", isIn: ({ colocated }) => colocated },
  { title: "Nodes without a backend", isIn: ({ colocated }) => !colocated },
  { title: "To the node's own zone", isIn: ({ isOwnZone }) => isOwnZone === true },
  { title: "To other zones", isIn: ({ isOwnZone }) => isOwnZone === false },
];

const countsOf = (arm: Arm, countOf: (tally: Tally) => Count): readonly [before: Count, after: Count] => [
  countOf(arm.before),
  countOf(arm.after),
];

function compare(title: string, what: string, before: Count, after: Count): Comparison {
  const difference = differenceInterval(after, before);
  return { title, what, before: shareOf(before), after: shareOf(after), difference, p: fisherExact(after, before) };
}

function shareOf({ hits, of }: Count): Share {
  return { hits, of, share: of === 0 ? undefined : hits / of, ...shareInterval(hits, of) };
}

/** What of the configuration is not as it was: `preserve_client_ip: true, now false`. */
export function changesOf({ before, after }: VerifyReport): readonly string[] {
  const words: Readonly<Record<keyof Configuration, string>> = {
    targetType: "targets",
    preserveClientIp: "client IP preservation",
    crossZone: "cross-zone",
    externalTrafficPolicy: "externalTrafficPolicy",
    hostname: "host name",
    preserveOrigin: "preservation comes from",
  };
  const valuesOf = (configurations: readonly Configuration[], key: keyof Configuration): string =>
    [...new Set(configurations.map((each) => each[key] || "unknown"))].sort().join(" and ");
  return (Object.keys(words) as readonly (keyof Configuration)[])
    .map((key) => ({ key, was: valuesOf(before.configurations, key), is: valuesOf(after.configurations, key) }))
    .filter(({ was, is }) => was !== is)
    .map(({ key, was, is }) => `${words[key]}: ${was || "not seen"}, now ${is || "not seen"}`);
}

/** Seconds as people say them: `4 min`. */
export function lengthOf(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 90) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 6) / 10} h`;
}

/** How far it has come since the change, and how long it takes still where that can be told. */
export function progressText({ arms, secondsNeeded }: Judgement): string {
  const { attempts, timeouts } = arms.exposed.after;
  const left = secondsNeeded === undefined ? "" : `, enough in ${lengthOf(secondsNeeded * 1000)}`;
  return `${attempts} attempts since the change, ${timeouts} timed out${left}`;
}

/** To the second, in the zone that logs and tickets use. */
export const timeOf = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
