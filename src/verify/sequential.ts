/**
 * A test that may be looked at again and again: whoever stops at the first good look is wrong no more often than promised.
 *
 * Under "nothing changed" every attempt on a path times out with at least its share. The ratio of likelihoods, of a Service that times out
 * at some part of these shares to one that does so at the whole of them, is then a supermartingale that begins at 1; that it ever reaches
 * 1 / a has a probability of at most a (Ville's inequality). The parts are weighed beforehand, so that a lost packet or two does not end it.
 *
 * @see Robbins, "Statistical methods related to the law of the iterated logarithm", Annals of Mathematical Statistics 41 (1970); Howard,
 * Ramdas, McAuliffe and Sekhon, "Time-uniform, nonparametric, nonasymptotic confidence sequences", Annals of Statistics 49 (2021).
 */

/** What was seen on one path, and the share of timeouts to be expected there had nothing changed. */
export interface PathCount {
  readonly attempts: number;
  readonly timeouts: number;
  /** Above 0, below 1. */
  readonly share: number;
}

/** What a fix may leave of the share, and how much is put on it. Most is put on nothing: that is what a fix does. */
const PARTS = [
  { part: 0, weight: 0.9 },
  { part: 0.02, weight: 0.05 },
  { part: 0.1, weight: 0.05 },
] as const;

/** The chance, however often it was looked at, of ever seeing so much that speaks for a change when there was none. */
export function anytimeChance(paths: readonly PathCount[]): number {
  const ratios = PARTS.map(({ part, weight }) => Math.log(weight) + logRatio(paths, part));
  const largest = Math.max(...ratios);
  const logEvidence = largest + Math.log(ratios.reduce((sum, ratio) => sum + Math.exp(ratio - largest), 0));
  return Math.min(1, Math.exp(-logEvidence));
}

function logRatio(paths: readonly PathCount[], part: number): number {
  return paths.reduce((sum, { attempts, timeouts, share }) => {
    const successes = attempts - timeouts;
    const onTimeouts = timeouts === 0 ? 0 : timeouts * Math.log(part);
    return sum + onTimeouts + successes * (Math.log1p(-part * share) - Math.log1p(-share));
  }, 0);
}

/** Attempts without a timeout that it takes to get below `chance`. */
export const anytimeAttempts = (share: number, chance: number): number =>
  Math.ceil((Math.log(chance) + Math.log(PARTS[0].weight)) / Math.log1p(-share));
