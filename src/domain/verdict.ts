/** Whether connections through a load balancer can hairpin, the worst first. */
export const VERDICTS = ["can", "unknown", "cannot"] as const;
export type Verdict = (typeof VERDICTS)[number];
