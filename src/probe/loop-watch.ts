import { openSync, readSync } from "node:fs";
import type { Clock } from "../domain/clock.ts";

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

/** The readings that the watch is made of. */
export interface LoopTimes {
  /** Monotonic milliseconds. */
  nowMs(): number;
  /** Cumulative milliseconds that the event loop has waited in its poll phase (`uv_metrics_idle_time`). */
  idleMs(): number;
  /** Cumulative milliseconds that its thread could have run, and another did; absent: the kernel does not tell. */
  readonly heldBackMs?: (() => number) | undefined;
  /** One-shot timers; absent: the process's own. */
  readonly after?: Clock["after"] | undefined;
}

export const systemLoopTimes: LoopTimes = {
  nowMs: () => performance.now(),
  idleMs: () => performance.nodeTiming.idleTime,
  heldBackMs: openHeldBack(),
};

const processTimer: Clock["after"] = (ms, run) => {
  const timer = setTimeout(run, ms);
  return () => clearTimeout(timer);
};

/** How often the loop shows that it is alive while a connect is young: what a stop shorter than this hides is not seen. */
export const HEARTBEAT_MS = 10;

/**
 * A beat costs a wake-up, and a connect that is dropped silently waits for seconds. So the next beat comes when its age has doubled:
 * what a stop can hide is never more than half of the time that is measured, nor than this. Where the kernel tells for how long the
 * thread was held back, that is seen in any case, and only stops of the whole machine or process (SIGSTOP) hide; elsewhere it never
 * slows down.
 */
export const SLOWEST_HEARTBEAT_MS = 500;
/** A beat is soon due when so much of the time from the one before it is over. */
const SOON_SHARE = 1 / 2;

/** Somebody who watches, since when. */
export interface Hold {
  readonly sinceMs: number;
  isReleased: boolean;
}

export class LoopWatch {
  readonly #times: LoopTimes;
  readonly #onBeat: () => number | undefined;
  /** The youngest comes last, and still watches; among the others are some that no longer do, half of them at most. */
  #holds: Hold[] = [];
  #held = 0;
  /** One-shot timers by the same readings. */
  readonly after: Clock["after"];
  #cancelBeat: (() => void) | undefined;
  /** When the next beat is to come. */
  #beatMs = 0;
  /** And when it was to come before somebody younger began. */
  #plannedMs = 0;
  #polled: Mark;
  /** When the last beat was, after which the loop may not have polled yet. */
  #beatenMs = Number.NEGATIVE_INFINITY;
  /** When, as seen from `#polled`, the loop had to show itself again: past it, it is overdue. */
  #dueMs = 0;
  /** What `heldBackMs` said at `#polled`, if the next beat was to be a slow one. */
  #heldBackMs: number | undefined;

  /**
   * @param onBeat - Called at every heartbeat, for whoever has something to do that often, and needs no wake-up of its own for it;
   *   returns after how many milliseconds the next one has to come at the latest.
   */
  constructor(times: LoopTimes = systemLoopTimes, onBeat: () => number | undefined = () => undefined) {
    this.#times = times;
    this.after = times.after ?? processTimer;
    this.#onBeat = onBeat;
    this.#polled = this.now();
  }

  now(): Mark {
    return { atMs: this.#times.nowMs(), idleMs: this.#times.idleMs() };
  }

  nowMs(): number {
    return this.#times.nowMs();
  }

  /**
   * Keeps the heartbeat going until `release`: an idle agent is to have no wake-ups of its own.
   *
   * @returns what to release.
   */
  hold(): Hold {
    const mark = this.now();
    const hold = { sinceMs: mark.atMs, isReleased: false };
    this.#holds.push(hold);
    if (++this.#held === 1) {
      this.#plan(HEARTBEAT_MS, mark);
      this.#hasPolled(mark, undefined);
    } else if (this.#beatMs > mark.atMs + HEARTBEAT_MS) {
      this.#beatAt(mark.atMs + HEARTBEAT_MS, mark);
    }
    return hold;
  }

  release(hold: Hold): void {
    if (hold.isReleased) return;
    hold.isReleased = true;
    this.#held--;
    // Most are the youngest. To look for the others each time would take longer the more there are.
    while (this.#holds.at(-1)?.isReleased === true) this.#holds.pop();
    if (this.#holds.length > 2 * this.#held) this.#holds = this.#holds.filter(({ isReleased }) => !isReleased);
    const youngest = this.#holds.at(-1)?.sinceMs;
    if (youngest === undefined) this.#cancelBeat?.();
    // Most connects end before their first beat, and need none.
    else if (this.#beatMs < this.#plannedMs && youngest <= this.#polled.atMs) this.#beatAt(this.#plannedMs, this.now());
  }

  /** To be called from a timer: it serves as a heartbeat, if one is soon due, which then needs no wake-up of its own. */
  awake(): void {
    const lastMs = Math.max(this.#polled.atMs, this.#beatenMs);
    if (this.#held === 0 || this.nowMs() - lastMs < SOON_SHARE * (this.#beatMs - lastMs)) return;
    this.#beat();
  }

  /** A clock of which each timer that has run serves as a heartbeat. */
  alongWith(clock: Clock): Clock {
    return {
      nowMs: clock.nowMs,
      after: (ms, run) =>
        clock.after(ms, () => {
          run();
          this.awake();
        }),
    };
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
    const overdue = Math.min(elapsed - HEARTBEAT_MS, now.atMs - this.#dueMs);
    const heldBack = this.#heldBackMs === undefined ? 0 : Math.min(elapsed, this.#heldBack() - this.#heldBackMs);
    return Math.max(0, busy, overdue, heldBack);
  }

  #heldBack(): number {
    return this.#times.heldBackMs?.() ?? 0;
  }

  #plan(intervalMs: number, now: Mark): void {
    this.#plannedMs = now.atMs + intervalMs;
    this.#setBeat(this.#plannedMs, now);
  }

  /** Moves the next beat. Between a beat and the poll after it the old one is what counts. */
  #beatAt(atMs: number, now: Mark): void {
    if (this.#dueMs === this.#beatMs) this.#dueMs = atMs;
    this.#setBeat(atMs, now);
  }

  #setBeat(atMs: number, now: Mark): void {
    this.#cancelBeat?.();
    this.#beatMs = atMs;
    // The runtime leaves out fractions: what is left of a sum of them would make a beat early by one.
    const delayMs = Math.max(0, Math.round(atMs - now.atMs));
    this.#cancelBeat = this.after(delayMs, () => this.#beat());
  }

  /** To be called from a timer. */
  #beat(): void {
    // A poll phase lies between a timer and the immediate it sets, in whichever order the runtime has its phases. So once
    // the immediate runs, all that was ready at the timer has been read.
    const mark = this.now();
    this.#beatenMs = mark.atMs;
    const nextMs = this.#nextMs(mark.atMs, this.#onBeat());
    const heldBackMs = nextMs > HEARTBEAT_MS ? this.#heldBack() : undefined;
    this.#plan(nextMs, mark);
    setImmediate(() => this.#hasPolled(mark, heldBackMs));
  }

  #hasPolled(mark: Mark, heldBackMs: number | undefined): void {
    this.#polled = mark;
    this.#dueMs = this.#beatMs;
    this.#heldBackMs = heldBackMs;
  }

  #nextMs(nowMs: number, wantedMs = SLOWEST_HEARTBEAT_MS): number {
    const ageMs = this.#times.heldBackMs === undefined ? 0 : nowMs - (this.#holds.at(-1)?.sinceMs ?? nowMs);
    const slowestMs = Math.max(HEARTBEAT_MS, Math.min(SLOWEST_HEARTBEAT_MS, ageMs));
    // Whole ones: Node.js keeps a list of timers for each length that there is.
    return Math.max(1, Math.floor(Math.min(slowestMs, wantedMs)));
  }
}

/**
 * The second number of schedstat is the nanoseconds that a thread waited on a run queue; what a CPU quota takes is in it.
 *
 * @see Documentation/scheduler/sched-stats.rst
 */
function openHeldBack(): (() => number) | undefined {
  try {
    // Of this thread, whoever reads it.
    const descriptor = openSync("/proc/thread-self/schedstat", "r");
    const buffer = Buffer.allocUnsafe(128);
    const read = () =>
      Number(buffer.toString("latin1", 0, readSync(descriptor, buffer, 0, buffer.length, 0)).split(" ")[1]) / 1e6;
    return Number.isFinite(read()) ? read : undefined;
  } catch {
    // A kernel without CONFIG_SCHED_INFO, or one that only says that it is Linux.
    return undefined;
  }
}
