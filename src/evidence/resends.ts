import type { Reading } from "./counters.ts";
import { planReading, type ReadingPlan, untilQuietMs } from "./reading-plan.ts";
import { type Located, locateRetransmissions, type Retransmission } from "./retransmissions.ts";
import { synWaits } from "./syn-schedule.ts";
import { TimerWheel } from "./timer-wheel.ts";

/** A connect that was not answered at once. */
export interface Sender {
  /** Milliseconds just before its first SYN left. */
  readonly sentMs: number;
  /** Milliseconds after which none of its SYNs can leave; `undefined`: it is still under way. */
  readonly endMs: number | undefined;
  resends: readonly Retransmission[];
  /** Takes its verdict; `undefined`: it does not wait for one, or no longer. */
  readonly decide: ((...verdict: never[]) => void) | undefined;
}

/** When the SYNs of those that are pending are sent again, by the kernel's setting and by what was learnt of its timer wheel. */
export class Resends {
  /** Milliseconds from a first SYN by which it has been sent again, whatever the kernel. */
  readonly firstByMs: number;
  readonly #wheel = new TimerWheel();
  readonly #waits: readonly number[];
  #due: Retransmission[] = [];

  /**
   * @param linearTimeouts - The kernel's tcp_syn_linear_timeouts.
   * @param openMs - Milliseconds for which a socket may be open.
   */
  constructor(linearTimeouts: number, openMs: number) {
    this.#waits = synWaits(linearTimeouts, openMs);
    this.firstByMs = this.#wheel.resends(0, this.#waits)[0]?.latestMs ?? Number.POSITIVE_INFINITY;
  }

  /** How many are waited for. */
  get planned(): number {
    return this.#due.length;
  }

  /** From now on those of a connect are waited for. */
  expect(sentMs: number): readonly Retransmission[] {
    const resends = this.#wheel.resends(sentMs, this.#waits);
    this.#due.push(...resends);
    return resends;
  }

  /** A connect sends no more. */
  end([first, ...others]: readonly Retransmission[]): void {
    // They came in one piece, and most that end are among the oldest. A new list for each of them was a tenth of all garbage.
    const at = first === undefined ? -1 : this.#due.indexOf(first);
    if (at >= 0) this.#due.splice(at, 1 + others.length);
  }

  /** Nobody sends any more. */
  clear(): void {
    this.#due = [];
  }

  /** Whether it is known that nothing is sent again from one instant to another, nor answered. */
  areNoneBetween(fromMs: number, untilMs: number, windowMs: number): boolean {
    const quiet = this.#wheel.quietAt(fromMs, windowMs);
    return quiet !== undefined && fromMs >= quiet.sinceMs && untilMs <= quiet.untilMs;
  }

  /** How long a first SYN had better wait; see `untilQuietMs`. */
  untilQuietMs(nowMs: number, windowMs: number): number {
    return untilQuietMs(this.#due, { nowMs, windowMs, quiet: this.#wheel.quietAt(nowMs + windowMs, windowMs) });
  }

  /** When to read the counters; see `planReading`. */
  planReading(nowMs: number, lastMs: number, windowMs: number): ReadingPlan {
    const quiet = this.#wheel.quietAt(nowMs, windowMs);
    return planReading(this.#due, { nowMs, lastMs, windowMs, quiet, periodMs: this.#wheel.periodMs });
  }

  /** Learns from a connect that timed out, if its SYN had to be sent again. */
  observe(readings: readonly Reading[], { sentMs, endMs = 0, resends: [first] }: Sender): void {
    if (first !== undefined && first.latestMs <= endMs) this.#wheel.observe(readings, sentMs);
  }

  /**
   * Finds whose SYNs were sent again when. What was learnt of the timer wheel is held against it, and if it does not hold, all is looked
   * at without it.
   */
  locate(readings: readonly Reading[], senders: readonly Sender[]): Located {
    const located = locateRetransmissions(readings, senders);
    let hasForgotten = false;
    for (const [index, { decide, resends }] of senders.entries()) {
      if (decide === undefined || resends[0]?.isAligned !== true) continue;
      hasForgotten = this.#wheel.check(!located.displaced.has(index)) || hasForgotten;
    }
    if (!hasForgotten) return located;
    for (const sender of senders) {
      if (sender.resends.length > 0) sender.resends = this.#wheel.resends(sender.sentMs, this.#waits);
    }
    this.#due = senders.filter(({ endMs }) => endMs === undefined).flatMap(({ resends }) => resends);
    return locateRetransmissions(readings, senders);
  }
}
