/**
 * The regularized incomplete beta function, on which exact intervals and tails of the binomial distribution rest: in constant time,
 * however many trials there are.
 */

/** Stops where another term no longer changes the sum. */
const EPSILON = 1e-15;
/** Keeps a quotient from being divided by zero: Lentz's method. */
const TINY = 1e-300;
const MAX_STEPS = 100_000;

/**
 * I_x(a, b): the probability that a beta variable with these parameters is at most `x`.
 *
 * @param a - Above 0.
 * @param b - Above 0.
 * @returns 0 to 1, to about 12 digits.
 * @see NIST Digital Library of Mathematical Functions, 8.17(v): the continued fraction, and 8.17.4, by which the side that converges fast is used.
 */
export function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  // Once, and not again on the other side: where rounding puts both above their bounds, either will do.
  return x > (a + 1) / (a + b + 2) ? 1 - fromBelow(1 - x, b, a) : fromBelow(x, a, b);
}

function fromBelow(x: number, a: number, b: number): number {
  const front = Math.exp(a * Math.log(x) + b * Math.log1p(-x) - logBeta(a, b)) / a;
  return front * continuedFraction(x, a, b);
}

function continuedFraction(x: number, a: number, b: number): number {
  let c = 1;
  let d = 1 / atLeast(1 - ((a + b) * x) / (a + 1));
  let value = d;
  for (let m = 1; m <= MAX_STEPS; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / atLeast(1 + even * d);
    c = atLeast(1 + even / c);
    value *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / atLeast(1 + odd * d);
    c = atLeast(1 + odd / c);
    value *= d * c;
    if (Math.abs(d * c - 1) < EPSILON) return value;
  }
  throw new RangeError(`incomplete beta: no value for x=${x}, a=${a}, b=${b} within ${MAX_STEPS} steps`);
}

const atLeast = (value: number): number => (Math.abs(value) < TINY ? TINY : value);

const logBeta = (a: number, b: number): number => logGamma(a) + logGamma(b) - logGamma(a + b);

/** Coefficients of Stirling's series: NIST DLMF 5.11.1, B(2k) / (2k (2k - 1)). */
const STIRLING = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360_360, 1 / 156, -3617 / 122_400];
/** From here on the series is exact to the last digit. */
const LARGE = 12;

/**
 * The logarithm of the gamma function.
 *
 * @param x - Above 0.
 * @see NIST DLMF 5.11.1 (Stirling's series), and 5.5.1 (the recurrence, for small ones).
 */
export function logGamma(x: number): number {
  let product = 1;
  let at = x;
  for (; at < LARGE; at++) product *= at;
  let series = 0;
  let power = 1 / at;
  for (const coefficient of STIRLING) {
    series += coefficient * power;
    power /= at * at;
  }
  return (at - 0.5) * Math.log(at) - at + 0.5 * Math.log(2 * Math.PI) + series - Math.log(product);
}
