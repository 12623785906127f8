import type { Reading } from "./counters.ts";
import { firstReading } from "./retransmissions.ts";
import { FIRST_WAIT_MS } from "./syn-schedule.ts";

/**
 * How late a timer of one second can be, in milliseconds, for kernels of 300, 250, 1000 and 100 ticks a second; the last is for any.
 *
 * @see LVL_GRAN in kernel/time/timer.c: timers are rounded up to 8 ticks from 63 ticks on, to 64 ticks from 504 on.
 */
const CLASSES_MS = [27, 32, 64, 80, FIRST_WAIT_MS / 8] as const;
const ANY_MS = FIRST_WAIT_MS / 8;
/** A tick, and what softirqs of a busy node add. */
const MARGIN_MS = 6;
const LEAST_OBSERVATIONS = 32;
const REMEMBERED = 64;
/** Readings so close to each other tell when it was that something was sent again. */
const CLOSE_MS = 20;

/**
 * Learns how late this kernel's timers are, which it tells nobody: the closer a retransmission can be placed, the more follows from it.
 *
 * Each connect that timed out sent its SYN again, so that the first retransmission of anyone after it was due is no later than its own.
 * The latest of these is a lower bound that soon comes close, and the kernel can be but one of a few kinds.
 */
export class TimerLateness {
  readonly #observed: number[] = [];
  #next = 0;
  #ms = boundOf(ANY_MS);

  /** Looks at one connect whose SYN was sent again. */
  observe(readings: readonly Reading[], sentMs: number): void {
    const dueMs = sentMs + FIRST_WAIT_MS;
    for (let i = Math.max(1, firstReading(readings, dueMs)); i < readings.length; i++) {
      const [before, after] = [readings[i - 1], readings[i]];
      if (before === undefined || after === undefined || before.atMs > dueMs + ANY_MS) return;
      if (after.retransmissions === before.retransmissions) continue;
      // Too far apart to tell.
      if (after.atMs - before.atMs > CLOSE_MS) return;
      this.#observed[this.#next] = Math.max(0, before.atMs - dueMs);
      this.#next = (this.#next + 1) % REMEMBERED;
      if (this.isKnown) this.#ms = boundOf(Math.max(...this.#observed));
      return;
    }
  }

  /** Whether enough was seen to tell. */
  get isKnown(): boolean {
    return this.#observed.length >= LEAST_OBSERVATIONS;
  }

  /** Milliseconds by which a first retransmission is late, at most. */
  get ms(): number {
    return this.#ms;
  }
}

/** Of the least late kind of kernel that can be so late. */
const boundOf = (worstMs: number): number => (CLASSES_MS.find((ms) => ms >= worstMs) ?? ANY_MS) + MARGIN_MS;
