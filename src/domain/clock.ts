/** Time as an argument: monotonic milliseconds and one-shot timers. */
export interface Clock {
  nowMs(): number;
  /** @returns a function that cancels the timer. */
  after(ms: number, run: () => void): () => void;
}
