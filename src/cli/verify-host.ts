import { setTimeout as sleep } from "node:timers/promises";
import type { Judgement } from "../verify/judge.ts";
import { lengthOf } from "../verify/report.ts";
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

/** How long it looks on at most. */
export const MAX_WATCH_MS = 86_400_000;

/** What the progress line says of the time since the change, and how long it takes still where that can be told. */
export function progressOf({ arms, secondsNeeded }: Judgement): string {
  const { attempts, timeouts } = arms.exposed.after;
  const left = secondsNeeded === undefined ? "" : `, enough in ${lengthOf(secondsNeeded * 1000)}`;
  return `${attempts} attempts since the change, ${timeouts} timed out${left}`;
}

/** Waits; less long when the user ends it, which is no error. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}
