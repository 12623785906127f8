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
