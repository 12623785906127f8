/**
 * What is wrong with a frontend as this node sees it, or that nothing is: a closed list. `unmeasured`: attempts get as far as the NLB,
 * and no further, so that nothing can be said of what is behind it.
 */
export const CAUSES = [
  "healthy",
  "hairpin",
  "blackhole",
  "backend_down",
  "packet_loss",
  "refused",
  "unreachable",
  "dns_error",
  "application_error",
  "prober_starved",
  "unmeasured",
  "undecided",
] as const;
export type Cause = (typeof CAUSES)[number];

/** How bad a cause is for whoever connects: little works, or some of it, it is not known, or all is well. */
export const SEVERITY_ORDER = ["bad", "poor", "idle", "good"] as const;
export type Severity = (typeof SEVERITY_ORDER)[number];
export const SEVERITIES: Readonly<Record<Cause, Severity>> = {
  healthy: "good",
  hairpin: "bad",
  blackhole: "bad",
  backend_down: "bad",
  refused: "bad",
  unreachable: "bad",
  dns_error: "bad",
  packet_loss: "poor",
  application_error: "poor",
  prober_starved: "poor",
  unmeasured: "idle",
  undecided: "idle",
};

export const CONFIDENCES = ["high", "medium", "low"] as const;
export type Confidence = (typeof CONFIDENCES)[number];
export const CONFIDENCE_WORDS: Readonly<Record<Confidence, string>> = {
  high: "certain",
  medium: "likely",
  low: "possible",
};

/** The cause of what was seen of one frontend over a while, in words that stand by themselves. */
export interface Diagnosis {
  readonly cause: Cause;
  readonly confidence: Confidence;
  /** What was seen, what it means, and what would look the same. A few sentences. */
  readonly explanation: string;
  /** What to do next; "" where there is nothing to do. */
  readonly next: string;
}
