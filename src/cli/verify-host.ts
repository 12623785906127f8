import { setTimeout as sleep } from "node:timers/promises";
import type { ProgressLine } from "./progress-line.ts";

/** What `verify` gets from the machine. */
export interface VerifyHost {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly progress: ProgressLine;
  readonly signal: AbortSignal;
}

/** An attempt that times out is counted so long after one that began with it and succeeded: the timeout, the verdict, a scrape. */
export const LAG_MS = 15_000;

/** How far back a change is looked for, where it is not said. */
export const SEARCH_MS = 86_400_000;

/** How long it looks on at most. */
export const MAX_WATCH_MS = 86_400_000;

/** Waits; less long when the user ends it, which is no error. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}
