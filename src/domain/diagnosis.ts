/** What is wrong with a frontend as this node sees it, or that nothing is: a closed list. */
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
  "undecided",
] as const;
export type Cause = (typeof CAUSES)[number];

export const CONFIDENCES = ["high", "medium", "low"] as const;
export type Confidence = (typeof CONFIDENCES)[number];

/** The cause of what was seen of one frontend over a while, in words that stand by themselves. */
export interface Diagnosis {
  readonly cause: Cause;
  readonly confidence: Confidence;
  /** What was seen, and what it means. One or two sentences. */
  readonly explanation: string;
  /** What to do next; "" where there is nothing to do. */
  readonly next: string;
}
