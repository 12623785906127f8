import type { Hold, LoopWatch, Mark } from "./loop-watch.ts";
import { onAbort } from "./on-abort.ts";

/** How one step of an attempt ended. `deadline` is only said after the poll phase that follows the deadline found nothing. */
export type StepResult =
  | { readonly kind: "done"; readonly seconds: number }
  | { readonly kind: "error"; readonly error: Error }
  | { readonly kind: "deadline" }
  | { readonly kind: "shutdown" };

/**
 * Deadlines are looked at together, every so many milliseconds: each would take a wake-up of its own. What comes in later than its
 * deadline and before that is late all the same.
 */
const TOGETHER_MS = 16;

/** What a step calls when it is over: without an error it succeeded. */
export type Settle = (error?: Error) => void;

/**
 * The steps of one attempt under one deadline.
 *
 * It keeps, over all steps, how late the worst of their events was read: one late event makes the whole attempt's times wrong. An attempt
 * that nobody answers has no event. So the watch is asked when the answers would have been read: what would have made a success late
 * makes the timeout as late, and neither of the two is discarded more often than the other.
 */
export class Steps {
  readonly #watch: LoopWatch;
  readonly #timeoutMs: number;
  readonly #held: Hold;
  #startedMs: number;
  #deadlineMs = 0;
  #clockRuns = false;
  #worstLatenessMs = 0;
  #deadlineLatenessMs = 0;
  readonly #usualMs: readonly number[];
  #step = -1;
  #cancelWitness: (() => void) | undefined;
  /** How late answers would have been read so far in this step. */
  #witnessedMs = 0;
  #cancelDeadline: (() => void) | undefined;
  #interrupt: ((result: StepResult) => void) | undefined;
  #ended: StepResult | undefined;
  readonly #ignoreAbort: () => void;

  /** @param options.usualMs - Milliseconds that the answers to each of the steps usually take. */
  constructor(options: {
    readonly watch: LoopWatch;
    readonly signal: AbortSignal;
    readonly timeoutMs: number;
    readonly usualMs: readonly number[];
  }) {
    this.#usualMs = options.usualMs;
    this.#watch = options.watch;
    this.#timeoutMs = options.timeoutMs;
    this.#startedMs = this.#watch.nowMs();
    this.#held = this.#watch.hold();
    this.#ignoreAbort = onAbort(options.signal, () => this.#end({ kind: "shutdown" }));
    // Not started by a packet yet; an attempt that never gets to send one has a deadline all the same.
    this.#armDeadline();
  }

  /** Milliseconds since the attempt's clock started. */
  elapsedMs(): number {
    return this.#watch.nowMs() - this.#startedMs;
  }

  /** Milliseconds by which the worst event so far was read late, at most, or would have been read. */
  get worstLatenessMs(): number {
    return this.#worstLatenessMs;
  }

  /** Milliseconds by which the deadline was looked at late. */
  get deadlineLatenessMs(): number {
    return this.#deadlineLatenessMs;
  }

  /**
   * Runs one step.
   *
   * @param begin - Starts the step's work. It calls `settle` from within the event that ends the step, and may call `sent` when
   *   the step's first packet is about to leave: the step, and on the first step the attempt, are timed from then.
   */
  run(begin: (settle: Settle, sent: () => void) => void): Promise<StepResult> {
    return new Promise((resolve) => {
      if (this.#ended !== undefined) {
        resolve(this.#ended);
        return;
      }
      let start = this.#watch.now();
      this.#step++;
      this.#witnessedMs = 0;
      const finish = (result: StepResult) => {
        this.#interrupt = undefined;
        resolve(result);
      };
      this.#interrupt = finish;
      const settle: Settle = (error) => {
        if (this.#interrupt !== finish) return;
        this.#cancelWitness?.();
        // The time before the lateness: what holds the thread up between the two is seen as lateness, and is in no time.
        const nowMs = this.#watch.nowMs();
        this.#noteLateness(this.#watch.latenessMs(start));
        if (error !== undefined) finish({ kind: "error", error });
        else if (nowMs - this.#startedMs > this.#timeoutMs) this.#end({ kind: "deadline" });
        else finish({ kind: "done", seconds: (nowMs - start.atMs) / 1000 });
      };
      const sent = () => {
        if (!this.#clockRuns) this.#startClock();
        start = this.#watch.now();
        this.#bearWitness(start, this.#step);
      };
      begin(settle, sent);
    });
  }

  /** Ends the attempt: no timer, no listener stays behind. */
  dispose(): void {
    this.#cancelDeadline?.();
    this.#cancelWitness?.();
    this.#ignoreAbort();
    this.#watch.release(this.#held);
  }

  #startClock(): void {
    this.#clockRuns = true;
    this.#startedMs = this.#watch.nowMs();
    this.#armDeadline();
  }

  #armDeadline(): void {
    const nowMs = this.#watch.nowMs();
    const deadlineMs = Math.ceil((nowMs + this.#timeoutMs) / TOGETHER_MS) * TOGETHER_MS;
    // The timer that was set first will do.
    if (deadlineMs === this.#deadlineMs) return;
    this.#deadlineMs = deadlineMs;
    this.#cancelDeadline?.();
    this.#cancelDeadline = this.#watch.after(Math.ceil(deadlineMs - nowMs), () => {
      this.#watch.awake();
      // Timers may run before the poll phase. A connection that the kernel completed in time is waiting there, and is no
      // timeout; the immediate comes after that poll.
      setImmediate(() => {
        this.#deadlineLatenessMs = this.#watch.nowMs() - deadlineMs;
        this.#noteLateness(this.#witnessedMs);
        this.#end({ kind: "deadline" });
      });
    });
  }

  /** Looks how late the answer to this step would have been read, and after it those to the steps that would have followed. */
  #bearWitness(since: Mark, step: number): void {
    const usualMs = this.#usualMs[step];
    if (usualMs === undefined) return;
    this.#cancelWitness = this.#watch.after(usualMs, () => {
      this.#witnessedMs = Math.max(this.#witnessedMs, this.#watch.latenessMs(since));
      this.#bearWitness(this.#watch.now(), step + 1);
    });
  }

  #noteLateness(ms: number): void {
    this.#worstLatenessMs = Math.max(this.#worstLatenessMs, ms);
  }

  #end(result: StepResult): void {
    this.#ended ??= result;
    this.#interrupt?.(this.#ended);
  }
}
