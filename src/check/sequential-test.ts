/**
 * Wald's sequential test of a share of failures: it looks after every attempt, and stops at the first that settles the matter.
 *
 * @see Wald, "Sequential tests of statistical hypotheses", Annals of Mathematical Statistics 16 (1945).
 */
export interface SequentialTest {
  /** A share that is as good as none. */
  readonly fineShare: number;
  /** A share that is to be found. Above `fineShare`, below 1. */
  readonly failingShare: number;
  /** Probability of either error, at most, nearly. */
  readonly error: number;
}

/** `open`: more attempts are needed. */
export type SequentialVerdict = "fails" | "fine" | "open";

/** @param failed - Whether each attempt failed, in the order in which they began: as they end, successes come first. */
export function sequentialVerdict(failed: Iterable<boolean>, test: SequentialTest): SequentialVerdict {
  const { fineShare, failingShare, error } = test;
  const [onFailure, onSuccess] = [Math.log(failingShare / fineShare), Math.log((1 - failingShare) / (1 - fineShare))];
  const bound = Math.log((1 - error) / error);
  let ratio = 0;
  for (const hasFailed of failed) {
    ratio += hasFailed ? onFailure : onSuccess;
    if (ratio >= bound) return "fails";
    if (ratio <= -bound) return "fine";
  }
  return "open";
}

/** A failure in two hundred is nobody's fault yet. */
const FINE_SHARE = 0.005;
/** Where nothing else is expected, a share of one in twenty is to be found. */
const FAILING_SHARE = 0.05;

/** The test for one frontend: what its configuration implies is to be found, and anything else of some size. */
export const testFor = (exposure: number | undefined): SequentialTest => ({
  fineShare: FINE_SHARE,
  failingShare: exposure === undefined || exposure === 0 ? FAILING_SHARE : Math.min(0.8, Math.max(0.02, exposure)),
  error: 0.01,
});
