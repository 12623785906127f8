/** Whether two shares differ, and by how much. */
import { logGamma } from "./incomplete-beta.ts";

/** So many of so many. */
export interface Count {
  readonly hits: number;
  readonly of: number;
}

/**
 * The difference of two shares, `a` less `b`, with its interval: Newcombe's method 10, out of the two intervals of Wilson.
 *
 * @param z - Quantile of the normal distribution: 1.96 for 95 %.
 * @returns `undefined` where one of them has no attempts.
 * @see Newcombe, "Interval estimation for the difference between independent proportions", Statistics in Medicine 17 (1998).
 */
export function differenceInterval(
  a: Count,
  b: Count,
  z = 1.959964,
): { readonly difference: number; readonly low: number; readonly high: number } | undefined {
  if (a.of === 0 || b.of === 0) return undefined;
  const [shareA, shareB] = [a.hits / a.of, b.hits / b.of];
  const [wilsonA, wilsonB] = [wilson(a, z), wilson(b, z)];
  const difference = shareA - shareB;
  return {
    difference,
    low: difference - Math.hypot(shareA - wilsonA.low, wilsonB.high - shareB),
    high: difference + Math.hypot(wilsonA.high - shareA, shareB - wilsonB.low),
  };
}

/** @see Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927). */
function wilson({ hits, of }: Count, z: number): { readonly low: number; readonly high: number } {
  const share = hits / of;
  const middle = share + (z * z) / (2 * of);
  const half = z * Math.sqrt((share * (1 - share)) / of + (z * z) / (4 * of * of));
  const scale = 1 + (z * z) / of;
  return { low: Math.max(0, (middle - half) / scale), high: Math.min(1, (middle + half) / scale) };
}

/** Tables that are as probable as this one, but for rounding, count as no more probable: as R has it. */
const RELATIVE_ERROR = 1 + 1e-7;

/**
 * Fisher's exact test of two shares: the probability, if they were the same, of a table that is no more probable than this one.
 *
 * @returns 0 to 1; 1 where one of them has no attempts.
 * @see Fisher, "Statistical Methods for Research Workers", section 21.02; two-sided as R's fisher.test.
 */
export function fisherExact(a: Count, b: Count): number {
  const hits = a.hits + b.hits;
  const total = a.of + b.of;
  const [from, to] = [Math.max(0, hits - b.of), Math.min(hits, a.of)];
  const log = (k: number): number => logHypergeometric(k, a.of, b.of, hits);
  const bound = log(a.hits) + Math.log(RELATIVE_ERROR);
  const isInTail = (k: number): boolean => log(k) <= bound;
  // The distribution has one peak: on either side of it the tables get less probable.
  const peak = Math.min(to, Math.max(from, Math.floor(((hits + 1) * (a.of + 1)) / (total + 2))));
  if (isInTail(peak)) return 1;
  const sum =
    tailSum(log, lastBefore(peak, from, isInTail), from, -1, bound) + tailSum(log, firstAfter(peak, to, isInTail), to, 1, bound);
  return Math.min(1, sum);
}

/** The first `k` above `peak` from which on something holds; one past `to` where it never does. */
function firstAfter(peak: number, to: number, holds: (k: number) => boolean): number {
  let [low, high] = [peak, to + 1];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (holds(middle)) high = middle;
    else low = middle;
  }
  return high;
}

const lastBefore = (peak: number, from: number, holds: (k: number) => boolean): number =>
  -firstAfter(-peak, -from, (k) => holds(-k));

/** Sums outwards for as long as it changes the sum. */
function tailSum(log: (k: number) => number, first: number, last: number, step: -1 | 1, bound: number): number {
  let sum = 0;
  for (let k = first; step * (last - k) >= 0; k += step) {
    const each = log(k);
    sum += Math.exp(each);
    if (each < bound - NEGLIGIBLE) break;
  }
  return sum;
}

/** In logarithms: what is so much less probable does not change the sum. */
const NEGLIGIBLE = 40;

/** Probability of `k` hits among `n` draws when `hits` are spread over `n + m`, as a logarithm. */
const logHypergeometric = (k: number, n: number, m: number, hits: number): number =>
  logChoose(n, k) + logChoose(m, hits - k) - logChoose(n + m, hits);

const logChoose = (n: number, k: number): number => logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1);
