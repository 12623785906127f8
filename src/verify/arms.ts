import { type Count, differenceInterval, fisherExact } from "../domain/two-shares.ts";
import { exposuresIfOn } from "./exposures-if-on.ts";
import { type Observation, pathOf, type Stratum } from "./observation.ts";

/** The same paths, before and after. */
export interface Arm {
  readonly before: Tally;
  readonly after: Tally;
}

export interface Tally {
  readonly attempts: number;
  readonly timeouts: number;
  readonly hairpins: number;
  readonly otherFailures: number;
}

export interface Arms {
  /** Paths on which a connection could hairpin before; where nothing is known of before: on which it could with preservation on. */
  readonly exposed: Arm;
  readonly others: Arm;
}

/**
 * Sorts paths by what they were before the change: the fix itself makes them unexposed.
 *
 * Where the hairpin takes a backend on the node (ip targets, or `externalTrafficPolicy: Local`), a path counts after the change only as
 * long as its node still hosts one: backends that moved away prove nothing.
 */
export function armsOf(before: Observation, after: Observation): Arms {
  const exposedPaths = isUnknown(before)
    ? new Set(exposuresIfOn(after)?.keys())
    : new Set(before.strata.filter(({ isExposed }) => isExposed).map(pathOf));
  const takesBackend = needsColocation(before);
  const belongs = (stratum: Stratum): boolean => exposedPaths.has(pathOf(stratum)) && (!takesBackend || stratum.colocated);
  const split = (strata: readonly Stratum[], isIn: (stratum: Stratum) => boolean) => ({
    yes: tally(strata.filter(isIn)),
    no: tally(strata.filter((stratum) => !isIn(stratum))),
  });
  const [old, now] = [split(before.strata, ({ isExposed }) => isExposed), split(after.strata, belongs)];
  return { exposed: { before: old.yes, after: now.yes }, others: { before: old.no, after: now.no } };
}

/** Nobody counted then: the agents, or the Service, are newer than the change. */
export const isUnknown = ({ strata }: Observation): boolean => strata.length === 0;

export const needsColocation = ({ configurations }: Observation): boolean =>
  configurations.length > 0 &&
  configurations.every(({ targetType, externalTrafficPolicy }) => targetType === "ip" || externalTrafficPolicy === "Local");

export const tally = (strata: readonly Stratum[]): Tally => {
  const sum = (key: keyof Tally): number => strata.reduce((total, stratum) => total + stratum[key], 0);
  return { attempts: sum("attempts"), timeouts: sum("timeouts"), hairpins: sum("hairpins"), otherFailures: sum("otherFailures") };
};

export const timeoutsOf = ({ timeouts, attempts }: Tally): Count => ({ hits: timeouts, of: attempts });
export const otherFailuresOf = ({ otherFailures, attempts }: Tally): Count => ({ hits: otherFailures, of: attempts });

/** Differences that are less probable than this are real. */
const REAL = 0.001;

/** Whether a share rose by more than chance does. */
export function rose({ before, after }: Arm, countOf: (tally: Tally) => Count): boolean {
  const difference = differenceInterval(countOf(after), countOf(before));
  return difference !== undefined && difference.low > 0 && fisherExact(countOf(after), countOf(before)) < REAL;
}
