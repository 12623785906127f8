import { attemptsToRuleOut, binomialAtMost, shareInterval } from "../domain/binomial.ts";
import { isUnknown, needsColocation } from "./arms.ts";
import { exposuresIfOn } from "./exposures-if-on.ts";
import { agentsIn, type Observation, pathOf, type Stratum } from "./observation.ts";
import { anytimeAttempts, anytimeChance, type PathCount } from "./sequential.ts";

/** How improbable the silence after a change must be, had nothing changed. */
export const MAX_CHANCE = 0.001;

/** What would have been seen after the change, had the share of before still held. */
export interface Unfixed {
  /** Timeouts to be expected. */
  readonly expected: number;
  /** Probability of as few as were seen, or fewer. */
  readonly chance: number;
  /** Attempts on these paths that it takes, without a timeout, to rule it out. */
  readonly attemptsNeeded: number;
}

/**
 * Works out what an unfixed Service would have done.
 *
 * The share of before is taken at the low end of its interval: that it was luck is ruled out as well. It is scaled, path by path, to what
 * each one's exposure was, and to how many targets there are now: with twice the nodes each of them would hairpin half as often, and
 * nobody would have fixed anything. Attempts with several shares give as few timeouts at most as often as if all had the mean
 * (Hoeffding, "On the distribution of the number of successes in independent trials", Annals of Mathematical Statistics 27, 1956).
 *
 * Where nothing is known of before, it is the share that the configuration would imply with client IP preservation on.
 *
 * @returns `undefined` where there was nothing before, or there is no such path any more.
 */
export function ifUnfixed(before: Observation, after: Observation, looks: Looks): Unfixed | undefined {
  const paths = pathsIfUnfixed(before, after);
  const attempts = paths.reduce((total, path) => total + path.attempts, 0);
  if (attempts === 0) return undefined;
  const timeouts = paths.reduce((total, path) => total + path.timeouts, 0);
  const expected = paths.reduce((total, path) => total + path.attempts * path.share, 0);
  const share = expected / attempts;
  const [chance, attemptsNeeded] =
    looks === "once"
      ? [binomialAtMost(timeouts, attempts, share), attemptsToRuleOut(share, MAX_CHANCE / 2)]
      : [anytimeChance(paths), anytimeAttempts(share, MAX_CHANCE / 2)];
  return { expected, chance: Math.min(1, MAX_CHANCE / 2 + chance), attemptsNeeded };
}

/** How often somebody looks: those who stop at the first good look need another test. */
export type Looks = "once" | "again and again";

/** Attempts and timeouts since the change on the paths that were exposed before, each with the share of an unfixed Service. */
function pathsIfUnfixed(before: Observation, after: Observation): readonly PathCount[] {
  if (isUnknown(before)) return pathsIfOn(after);
  const exposed = before.strata.filter(({ isExposed }) => isExposed);
  const [attempts, timeouts] = [sum(exposed, "attempts"), sum(exposed, "timeouts")];
  if (timeouts === 0) return [];
  // Half of the error is for the share of before, half for the silence after it.
  const { low } = shareInterval(timeouts, attempts, 1 - MAX_CHANCE);
  const relative = relativeExposures(exposed, attempts);
  const takesBackend = needsColocation(before);
  const zones = new Set(after.strata.map(({ zone }) => zone));
  const targets = new Map([...zones].map((zone) => [zone, targetsRatio(zone, before, after)]));
  return after.strata
    .filter((stratum) => relative.has(pathOf(stratum)) && (!takesBackend || stratum.colocated))
    .map((stratum) => {
      const scale = (relative.get(pathOf(stratum)) ?? 0) * (targets.get(stratum.zone) ?? 1);
      return { attempts: stratum.attempts, timeouts: stratum.timeouts, share: Math.min(MAX_SHARE, low * scale) };
    });
}

function pathsIfOn(after: Observation): readonly PathCount[] {
  const exposures = exposuresIfOn(after);
  return after.strata.flatMap((stratum) => {
    const { attempts, timeouts } = stratum;
    const share = exposures?.get(pathOf(stratum));
    return share === undefined ? [] : [{ attempts, timeouts, share: Math.min(MAX_SHARE, share) }];
  });
}

/** A share of one would be ruled out by a single success. */
const MAX_SHARE = 0.99;

/** Each path's exposure to that of all; where one is not known, or contradicts its label, they are taken to be the same. */
function relativeExposures(exposed: readonly Stratum[], attempts: number): ReadonlyMap<string, number> {
  const areKnown = exposed.every(({ exposure }) => exposure !== undefined && exposure > 0);
  const mean = exposed.reduce((total, { exposure = 0, attempts: n }) => total + exposure * n, 0) / attempts;
  return new Map(exposed.map((stratum) => [pathOf(stratum), areKnown ? (stratum.exposure ?? 0) / mean : 1]));
}

/**
 * Targets that this zone's address chose from then, to those that it would choose from now. Not every node is among the strata, as agents
 * share the work: so it is agents that are counted, in the zones from which it was exposed.
 */
function targetsRatio(zone: string, before: Observation, after: Observation): number {
  const atAddress = ({ strata }: Observation) => strata.filter((stratum) => stratum.zone === zone);
  const exposed = atAddress(before).filter(({ isExposed }) => isExposed);
  const zones = new Set(exposed.map(({ node }) => before.zones.get(node) ?? ""));
  const agentsNow = agentsIn(after, zones);
  if (!needsColocation(before)) return ratio(agentsIn(before, zones), agentsNow);
  const hosts = (strata: readonly Stratum[]): number => new Set(strata.map(({ node }) => node)).size;
  const hostsNow = hosts(atAddress(after).filter(({ colocated }) => colocated));
  // Where hosts may be hidden, every agent is taken for one: too few timeouts are expected then, never too many.
  return ratio(hosts(exposed), after.isShared ? Math.max(hostsNow, agentsNow) : hostsNow);
}

/** Where nobody told of agents on either side, nothing is known to have changed. */
const ratio = (then: number, now: number): number => (then === 0 || now === 0 ? 1 : Math.min(1, then / now));

const sum = (strata: readonly Stratum[], key: "attempts" | "timeouts"): number =>
  strata.reduce((total, stratum) => total + stratum[key], 0);
