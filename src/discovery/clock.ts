/** Time as an argument: monotonic milliseconds and one-shot timers. */
export interface Clock {
  nowMs(): number;
  /** @returns a function that cancels the timer. */
  after(ms: number, run: () => void): () => void;
}

/** Waits, or returns at once when the signal is aborted: whoever waits looks at the signal next. */
export function sleep(ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const finish = (): void => {
      cancel();
      signal.removeEventListener("abort", finish);
      resolve();
    };
    const cancel = clock.after(ms, finish);
    signal.addEventListener("abort", finish, { once: true });
  });
}
