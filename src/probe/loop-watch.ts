/**
 * Tells how late an event was read, so that a starved agent blames nobody (design rule 4).
 *
 * The kernel completes a handshake whether or not this process runs; the process learns of it when its event loop polls. What
 * keeps the loop from polling is either work of its own (JavaScript, garbage collection) or not being run at all (CPU quota,
 * SIGSTOP, a busy machine). The first shows as time in which the loop was not idle, the second as a heartbeat that is overdue.
 */

/** An instant up to which every event that the kernel had ready is known to have been read. */
export interface Mark {
  /** Milliseconds, from `LoopTimes.nowMs`. */
  readonly atMs: number;
  /** Milliseconds that the loop had spent idle in its poll phase until then. */
  readonly idleMs: number;
}

/** The two readings that the watch is made of. */
export interface LoopTimes {
  /** Monotonic milliseconds. */
  nowMs(): number;
  /** Cumulative milliseconds that the event loop has waited in its poll phase (`uv_metrics_idle_time`). */
  idleMs(): number;
}

export const systemLoopTimes: LoopTimes = {
  nowMs: () => performance.now(),
  idleMs: () => performance.nodeTiming.idleTime,
};

/** How often the loop shows that it is alive while someone watches: what a stop shorter than this hides is not seen. */
export const HEARTBEAT_MS = 5;

export class LoopWatch {
  readonly #times: LoopTimes;
  readonly #onBeat: () => void;
  #watchers = 0;
  #heartbeat: NodeJS.Timeout | undefined;
  #polled: Mark;

  /** @param onBeat - Called at every heartbeat: for whoever has something to do that often, and needs no wake-up of its own for it. */
  constructor(times: LoopTimes = systemLoopTimes, onBeat: () => void = () => {}) {
    this.#times = times;
    this.#onBeat = onBeat;
    this.#polled = this.now();
  }

  now(): Mark {
    return { atMs: this.#times.nowMs(), idleMs: this.#times.idleMs() };
  }

  nowMs(): number {
    return this.#times.nowMs();
  }

  /** Keeps the heartbeat going until `release`: an idle agent is to have no wake-ups of its own. */
  hold(): void {
    this.#watchers += 1;
    if (this.#watchers > 1) return;
    this.#polled = this.now();
    this.#heartbeat = setInterval(() => {
      // A poll phase lies between a timer and the immediate it sets, in whichever order the runtime has its phases. So once
      // the immediate runs, all that was ready at the timer has been read.
      const mark = this.now();
      this.#onBeat();
      setImmediate(() => {
        this.#polled = mark;
      });
    }, HEARTBEAT_MS);
  }

  release(): void {
    this.#watchers -= 1;
    if (this.#watchers === 0) clearInterval(this.#heartbeat);
  }

  /**
   * Upper bound, in milliseconds, on how long ago an event that is being read now can have become ready.
   *
   * @param since - The event cannot have become ready before this, for example the start of what led to it.
   */
  latenessMs(since: Mark): number {
    const from = since.atMs > this.#polled.atMs ? since : this.#polled;
    const now = this.now();
    const elapsed = now.atMs - from.atMs;
    const busy = elapsed - (now.idleMs - from.idleMs);
    const overdue = elapsed - HEARTBEAT_MS;
    return Math.max(0, busy, overdue);
  }
}
