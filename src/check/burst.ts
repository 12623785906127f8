import type { Clock } from "../domain/clock.ts";
import type { Outcome } from "../domain/outcome.ts";

/** One attempt of a burst. */
export interface Trial {
  readonly startedMs: number;
  /** `undefined`: it is under way. */
  outcome: Outcome | undefined;
}

/** What a burst is aimed at, and what has come of it so far. */
export interface Subject {
  readonly trials: readonly Trial[];
  /** It gets one attempt where others get so many. */
  readonly everyNth: number;
  readonly attempt: () => Promise<Outcome>;
  /** Whether it needs no more attempts. */
  readonly isDone: () => boolean;
}

export interface BurstOptions {
  readonly subjects: readonly (Subject & { readonly trials: Trial[] })[];
  /** Attempts that begin in a second. */
  readonly rate: number;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly signal: AbortSignal;
  /** After each attempt that began or ended. */
  readonly onProgress: () => void;
}

/**
 * Makes attempts at a steady rate, always at the subject that has had the fewest, until none needs more.
 *
 * The pauses between them are random, so that nothing periodic elsewhere biases them. Attempts do not wait for each other.
 *
 * @returns when all that began have ended; early when the signal is aborted.
 */
export async function runBurst({ subjects, rate, clock, random, signal, onProgress }: BurstOptions): Promise<void> {
  const running = new Set<Promise<void>>();
  while (!signal.aborted) {
    const open = subjects.filter(({ isDone }) => !isDone());
    const next = open.toSorted((a, b) => a.trials.length * a.everyNth - b.trials.length * b.everyNth)[0];
    if (next === undefined) {
      if (running.size === 0) break;
      // What is under way may yet turn a verdict around.
      await Promise.race(running);
      continue;
    }
    const trial: Trial = { startedMs: clock.nowMs(), outcome: undefined };
    next.trials.push(trial);
    const attempt = next.attempt().then((outcome) => {
      trial.outcome = outcome;
      running.delete(attempt);
      onProgress();
    });
    running.add(attempt);
    onProgress();
    await pause(((0.5 + random()) * 1000) / rate, clock, signal);
  }
  await Promise.all(running);
}

const pause = (ms: number, clock: Clock, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const end = (): void => {
      cancel();
      signal.removeEventListener("abort", end);
      resolve();
    };
    const cancel = clock.after(ms, end);
    signal.addEventListener("abort", end, { once: true });
  });

/**
 * The first attempts, up to the first that is still under way, or was when the burst was told to end: what ends first is not what began
 * first, and of those that began last the successes have ended and the timeouts have not.
 */
export function settledTrials(trials: readonly Trial[]): readonly Trial[] {
  const open = trials.findIndex(({ outcome }) => outcome === undefined || isCutOff(outcome));
  return open < 0 ? trials : trials.slice(0, open);
}

const isCutOff = (outcome: Outcome): boolean => outcome.kind === "discarded" && outcome.why === "shutdown";
