/**
 * Which counts a share allows: the acceptance region of an exact two-sided binomial test.
 */

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

/** Probability of exactly `k` successes. In logarithms, so that thousands of trials do not underflow. */
export function binomialProbability(k: number, n: number, p: number): number {
  if (p <= 0) return k === 0 ? 1 : 0;
  if (p >= 1) return k === n ? 1 : 0;
  return Math.exp(logFactorial(n) - logFactorial(k) - logFactorial(n - k) + k * Math.log(p) + (n - k) * Math.log1p(-p));
}

const logFactorials = [0];

function logFactorial(n: number): number {
  for (let i = logFactorials.length; i <= n; i++) logFactorials.push((logFactorials[i - 1] ?? 0) + Math.log(i));
  return logFactorials[n] ?? 0;
}

/** Probability of at most `k` successes of `n`. */
export function binomialAtMost(k: number, n: number, p: number): number {
  let sum = 0;
  for (let i = 0; i <= Math.min(k, n); i++) sum += binomialProbability(i, n, p);
  return Math.min(1, sum);
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

/** The least share, to a millionth, from which on something holds. */
function bisect(holds: (p: number) => boolean): number {
  let [low, high] = [0, 1];
  while (high - low > 1e-6) {
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
