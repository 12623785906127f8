import type { Reading } from "./counters.ts";
import { firstReading, type Retransmission } from "./retransmissions.ts";
import { FIRST_WAIT_MS } from "./syn-schedule.ts";

/**
 * Kernels by their ticks a second: 1000 (64 ms), 100 (80 ms), 250 (32 ms), 300 (26.7 ms); in parentheses how far apart the instants
 * are at which timers of a second fire. Where one divides the other the longer comes first: what fits it fits the shorter one, too.
 */
const KERNELS = [1_000, 100, 250, 300].map((hz) => {
  // A tick has whole nanoseconds (TICK_NSEC): with 300 of them a second it is a little shorter than a 300th.
  const tickMs = Math.floor((1e9 + hz / 2) / hz) / 1e6;
  return { hz, periodMs: granuleOf(hz, FIRST_WAIT_MS) * tickMs };
});
type Kernel = (typeof KERNELS)[number];

/** Timers are late by up to an eighth, whatever the kernel. */
const ANY_SHARE = 1 / 8;
/** What softirqs of a busy node add. */
const MARGIN_MS = 6;
/** From a reading of the clock until the SYN has left, and the other way round: a tick that the kernel has not counted yet. */
const SENT_MS = 1.5;
/** An instant that was learnt from what came after it may have been a little earlier. */
const EARLY_MS = 1.5;
const LEAST_OBSERVATIONS = 32;
const REMEMBERED = 64;
/** Readings so close to each other tell when it was that something was sent again. */
const CLOSE_MS = 16;
/** Length of the mean of unit vectors: 1 if all are at one phase of the period, about 0.1 if they are anywhere. */
const CONCENTRATED = 0.6;
/** Two retransmissions out of so many that were not when they had to be: what was learnt does not hold. */
const MISSED_WITHIN = 64;

/** A process that was woken to read in between has to have the time for it. */
export const LEAST_QUIET_MS = 4;

/** What was learnt: all fire at `phaseMs`, or up to `spreadMs` later, modulo the period. */
interface Learnt {
  readonly kernel: Kernel;
  readonly phaseMs: number;
  readonly spreadMs: number;
}

/** From when until when, in milliseconds, nothing is sent again. */
export interface Quiet {
  readonly sinceMs: number;
  readonly untilMs: number;
}

/**
 * When this kernel's timers fire, which it tells nobody: the closer a retransmission can be placed, the more follows from it.
 *
 * The kernel rounds a timer of a second up to a multiple of 8 ticks, or 64, since it booted. So all SYNs of this machine are sent again
 * at instants that are 26.7 to 80 ms apart, whoever sends them; from some that were seen, the period and its phase follow.
 *
 * @see LVL_GRAN and calc_index in kernel/time/timer.c
 */
export class TimerWheel {
  /** From when until when something was sent again, in milliseconds. */
  readonly #observed: { readonly afterMs: number; readonly untilMs: number }[] = [];
  #next = 0;
  #learnt: Learnt | undefined;
  /** Retransmissions that came as foretold since one did not. */
  #sinceMissed = MISSED_WITHIN;

  /** How far apart the instants are at which SYNs are sent again, in milliseconds; infinite while it is not known. */
  get periodMs(): number {
    return this.#learnt?.kernel.periodMs ?? Number.POSITIVE_INFINITY;
  }

  /** Looks at one connect that timed out: it must have sent its SYN again. */
  observe(readings: readonly Reading[], sentMs: number): void {
    if (this.#learnt !== undefined) return;
    const dueMs = sentMs + FIRST_WAIT_MS;
    for (let i = Math.max(1, firstReading(readings, dueMs)); i < readings.length; i++) {
      const [before, after] = [readings[i - 1], readings[i]];
      if (before === undefined || after === undefined || before.atMs > dueMs + ANY_SHARE * FIRST_WAIT_MS) return;
      if (after.retransmissions === before.retransmissions) continue;
      // Too far apart to tell.
      if (after.atMs - before.atMs > CLOSE_MS) return;
      // One instant of many connects is one.
      if (this.#observed.some(({ untilMs }) => untilMs === after.atMs)) return;
      this.#observed[this.#next] = { afterMs: before.atMs, untilMs: after.atMs };
      this.#next = (this.#next + 1) % REMEMBERED;
      if (this.#observed.length >= LEAST_OBSERVATIONS) this.#learnt = this.#learn();
      return;
    }
  }

  /**
   * When a SYN is sent again.
   *
   * @param sentMs - When it left, in milliseconds.
   * @param waits - How long the kernel waits each time, in milliseconds.
   */
  resends(sentMs: number, waits: readonly number[]): readonly Retransmission[] {
    const resends: Retransmission[] = [];
    let [earliestMs, latestMs] = [sentMs, sentMs];
    for (const [round, waitMs] of waits.entries()) {
      const learnt = this.#learnt !== undefined && isAligned(waitMs, this.#learnt.kernel) ? this.#learnt : undefined;
      if (learnt === undefined) {
        earliestMs += waitMs;
        latestMs += waitMs * (1 + ANY_SHARE) + MARGIN_MS;
      } else {
        const { kernel, phaseMs, spreadMs } = learnt;
        const { periodMs, hz } = kernel;
        // The kernel's own count of ticks may be one behind when the first one is set; afterwards a tick has just set it.
        const [earlyMs, lateMs] = round === 0 ? [1_000 / hz + SENT_MS, SENT_MS] : [0, 0];
        const after = (atMs: number) => phaseMs + (Math.floor((atMs - phaseMs) / periodMs) + 1) * periodMs;
        earliestMs = after(earliestMs + (round === 0 ? 0 : EARLY_MS) + waitMs - earlyMs) - EARLY_MS;
        latestMs = after(latestMs + waitMs + lateMs) + spreadMs + MARGIN_MS;
      }
      resends.push({ earliestMs, latestMs, isAligned: learnt !== undefined });
    }
    return resends;
  }

  /**
   * The quiet part of the period that an instant is in, or comes before: what was sent again until then has been answered, and nothing
   * is until the next period begins.
   *
   * @param windowMs - Milliseconds from a SYN within which its answer comes.
   * @returns `undefined`: it is not known, or there is none.
   */
  quietAt(atMs: number, windowMs: number): Quiet | undefined {
    if (this.#learnt === undefined) return undefined;
    const { kernel, phaseMs, spreadMs } = this.#learnt;
    const startMs = phaseMs + Math.floor((atMs - phaseMs + EARLY_MS) / kernel.periodMs) * kernel.periodMs;
    const quiet = { sinceMs: startMs + spreadMs + MARGIN_MS + windowMs, untilMs: startMs + kernel.periodMs - EARLY_MS };
    return quiet.untilMs - quiet.sinceMs >= LEAST_QUIET_MS ? quiet : undefined;
  }

  /**
   * Takes note of whether a SYN was sent again when it had to be. The second one that was not is proof that what was learnt does not hold.
   *
   * @returns Whether it has forgotten what it had learnt.
   */
  check(wasSent: boolean): boolean {
    if (this.#learnt === undefined) return false;
    if (wasSent) {
      this.#sinceMissed++;
      return false;
    }
    const isSecond = this.#sinceMissed < MISSED_WITHIN;
    this.#sinceMissed = isSecond ? MISSED_WITHIN : 0;
    if (!isSecond) return false;
    this.#learnt = undefined;
    this.#observed.length = 0;
    this.#next = 0;
    return true;
  }

  #learn(): Learnt | undefined {
    const fitting = KERNELS.map((kernel) => ({ kernel, ...this.#centreOf(kernel) })).filter(
      ({ concentration }) => concentration >= CONCENTRATED,
    );
    const [longest, ...others] = fitting;
    if (longest === undefined) return undefined;
    const { kernel, centreMs } = longest;
    const { periodMs } = kernel;
    // What fits two that have nothing in common was seen too seldom.
    const isMultiple = (ms: number) => Math.abs(periodMs / ms - Math.round(periodMs / ms)) < 1e-3;
    if (!others.every((other) => isMultiple(other.kernel.periodMs))) return undefined;
    // From half a period before the centre to half a period after it.
    const around = (atMs: number) => atMs - periodMs * Math.round((atMs - centreMs) / periodMs);
    const seen = this.#observed.map(({ afterMs, untilMs }) => ({
      middleMs: around((afterMs + untilMs) / 2),
      halfMs: (untilMs - afterMs) / 2,
    }));
    const earliestMs = Math.min(...seen.map(({ middleMs, halfMs }) => middleMs + halfMs));
    const latestMs = Math.max(...seen.map(({ middleMs, halfMs }) => middleMs - halfMs));
    const spreadMs = Math.max(0, latestMs - earliestMs);
    return spreadMs < periodMs / 2 ? { kernel, phaseMs: earliestMs, spreadMs } : undefined;
  }

  /** Where in a kernel's period what was seen lies, and how close together. */
  #centreOf({ periodMs }: Kernel): { readonly centreMs: number; readonly concentration: number } {
    const angles = this.#observed.map(({ afterMs, untilMs }) => (Math.PI * (afterMs + untilMs)) / periodMs);
    const [x, y] = [mean(angles.map(Math.cos)), mean(angles.map(Math.sin))];
    return { centreMs: (Math.atan2(y, x) / (2 * Math.PI)) * periodMs, concentration: Math.hypot(x, y) };
  }
}

/** Whether timers of such a wait fire at the same instants as those of a second. */
const isAligned = (waitMs: number, { hz }: Kernel): boolean => granuleOf(hz, waitMs) === granuleOf(hz, FIRST_WAIT_MS);

/** Ticks that a timer is rounded up to. */
function granuleOf(hz: number, waitMs: number): number {
  const ticks = (waitMs * hz) / 1_000;
  if (ticks < 63) return 1;
  if (ticks < 504) return 8;
  return ticks < 4_032 ? 64 : 512;
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
