/**
 * Which counts a share allows, and which shares a count: the exact binomial test, and its interval.
 */
import { incompleteBeta, logGamma } from "./incomplete-beta.ts";

export interface CountRange {
  readonly low: number;
  readonly high: number;
}

/**
 * The counts that `n` independent trials of probability `p` give in all but `alpha` of cases, `alpha / 2` on each side at most.
 *
 * @param alpha - For example 0.001: the region holds 99.9 % of outcomes, or more, because counts are whole.
 */
export function expectedCounts(n: number, p: number, alpha: number): CountRange {
  let below = 0;
  let low = 0;
  for (; low < n; low++) {
    below += binomialProbability(low, n, p);
    if (below > alpha / 2) break;
  }
  let above = 0;
  let high = n;
  for (; high > low; high--) {
    above += binomialProbability(high, n, p);
    if (above > alpha / 2) break;
  }
  return { low, high };
}

/** Probability of exactly `k` successes. In logarithms, so that millions of trials do not underflow. */
export function binomialProbability(k: number, n: number, p: number): number {
  if (p <= 0) return k === 0 ? 1 : 0;
  if (p >= 1) return k === n ? 1 : 0;
  const logChoose = logFactorial(n) - logFactorial(k) - logFactorial(n - k);
  return Math.exp(logChoose + k * Math.log(p) + (n - k) * Math.log1p(-p));
}

/** Those that are asked for again and again. */
const SMALL_FACTORIALS = [0];
const SMALL = 1_000;
for (let n = 1; n < SMALL; n++) SMALL_FACTORIALS.push((SMALL_FACTORIALS[n - 1] ?? 0) + Math.log(n));

const logFactorial = (n: number): number => SMALL_FACTORIALS[n] ?? logGamma(n + 1);

/** Probability of at most `k` successes of `n`. @see NIST DLMF 8.17.5. */
export function binomialAtMost(k: number, n: number, p: number): number {
  if (k < 0) return 0;
  return k >= n ? 1 : incompleteBeta(1 - p, n - k, k + 1);
}

/**
 * The shares that `k` of `n` is compatible with: the exact interval of Clopper and Pearson.
 *
 * @param confidence - For example 0.95: the interval holds the true share in at least that part of all cases.
 * @see Clopper and Pearson, "The use of confidence or fiducial limits illustrated in the case of the binomial", Biometrika 26 (1934).
 */
export function shareInterval(k: number, n: number, confidence = 0.95): { readonly low: number; readonly high: number } {
  if (n === 0) return { low: 0, high: 1 };
  const tail = (1 - confidence) / 2;
  return {
    low: k === 0 ? 0 : bisect((p) => 1 - binomialAtMost(k - 1, n, p) >= tail),
    high: k === n ? 1 : bisect((p) => binomialAtMost(k, n, p) <= tail),
  };
}

/** As many halvings as a share has digits that count. */
const HALVINGS = 60;

/** The least share from which on something holds. */
function bisect(holds: (p: number) => boolean): number {
  let [low, high] = [0, 1];
  for (let i = 0; i < HALVINGS; i++) {
    const middle = (low + high) / 2;
    if (holds(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/**
 * How many attempts without a failure rule a share out: the least `m` with (1 - share)^m below `alpha`.
 *
 * @param share - Above 0.
 */
export const attemptsToRuleOut = (share: number, alpha: number): number =>
  share >= 1 ? 1 : Math.ceil(Math.log(alpha) / Math.log1p(-share));
