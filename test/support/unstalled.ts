import { monitorEventLoopDelay } from "node:perf_hooks";

/** A machine with nothing else to do needs one. */
const MAX_TRIES = 20;

/**
 * Runs what only tells something as long as this process is run, for example because timers outside of the test's reach end in it.
 *
 * @param limitMs - Milliseconds: a run in which the event loop was held up for longer says nothing, and is made again, 20 times at most.
 * @param run - All of it: it has to begin anew each time.
 * @returns what the last run returned. @throws what the last run threw.
 */
export async function unstalled<T>(limitMs: number, run: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    const delay = monitorEventLoopDelay({ resolution: 10 });
    delay.enable();
    try {
      const result = await run();
      if (delay.max / 1e6 <= limitMs || tries === MAX_TRIES) return result;
    } catch (error) {
      if (delay.max / 1e6 <= limitMs || tries === MAX_TRIES) throw error;
    } finally {
      delay.disable();
    }
  }
}
