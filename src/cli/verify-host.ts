import type { ProgressLine } from "./progress-line.ts";

/** What `verify` gets from the machine. */
export interface VerifyHost {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly progress: ProgressLine;
  readonly signal: AbortSignal;
  /** Tells the user what is wrong, beside the report. */
  readonly complain: (problem: string) => void;
}

/** An attempt that times out is counted so long after one that began with it and succeeded: the timeout, the verdict, a scrape. */
export const LAG_MS = 15_000;
