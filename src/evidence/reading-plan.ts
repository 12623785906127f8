import type { Retransmission } from "./retransmissions.ts";
import { LEAST_QUIET_MS, type Quiet } from "./timer-wheel.ts";

/**
 * Where it is not known at which instants SYNs are sent again. A reading by a process that was just woken takes 70 µs. It divides no
 * period of a timer wheel, so that readings do not always come at the same time of it.
 */
const READ_EVERY_MS = 7;
/** So long before something may be sent again, or half of the time that there is: whoever has to read before may be late by a little. */
const LEAD_MS = 8;
/** Timers of the runtime have whole milliseconds, and may be early by a part of one. */
const TIMER_STEP_MS = 1;

const NEVER: Retransmission = { earliestMs: Number.POSITIVE_INFINITY, latestMs: Number.NEGATIVE_INFINITY, isAligned: true };

export interface ReadingPlan {
  /** Whether the counters are to be read now. */
  readonly isDue: boolean;
  /** When to plan again, in milliseconds, at the latest; infinite: there is nothing more to come. */
  readonly nextMs: number;
}

export interface PlanOptions {
  readonly nowMs: number;
  /** When the counters were last read. */
  readonly lastMs: number;
  /** Milliseconds from a SYN within which the reset that it causes has been sent. */
  readonly windowMs: number;
  /** The quiet part of the timer wheel's period that it is, or the one that comes next in it; `undefined`: nobody knows. */
  readonly quiet: Quiet | undefined;
  /** Of the timer wheel, in milliseconds. */
  readonly periodMs: number;
}

/**
 * Says when to read the counters, so that what is sent again at one instant and what is at another are told apart.
 *
 * All SYNs that are sent again at one instant of the timer wheel leave together: one reading between two such instants tells as much as
 * ten, and none is needed where nobody sends in between. Where the instants are not known, it is one every few milliseconds.
 *
 * @param resends - When SYNs of those that are pending are sent again, in any order.
 */
export function planReading(resends: readonly Retransmission[], options: PlanOptions): ReadingPlan {
  const { nowMs, lastMs, windowMs, quiet, periodMs } = options;
  let isOpen = false;
  let opensMs = Number.POSITIVE_INFINITY;
  let isUnread = false;
  /** The next two instants at which somebody may send. */
  const instants = { firstMs: Number.POSITIVE_INFINITY, secondMs: Number.POSITIVE_INFINITY };
  // Without an iterator: it is gone through many times a second, and would leave an object for each of them.
  for (let i = 0; i < resends.length; i++) {
    const { earliestMs, latestMs, isAligned } = resends[i] ?? NEVER;
    const answeredMs = latestMs + windowMs;
    if (isAligned && quiet !== undefined) {
      if (answeredMs <= lastMs) continue;
      if (earliestMs <= nowMs) isUnread ||= lastMs < quiet.sinceMs;
      const instantMs = Math.max(earliestMs, quiet.untilMs);
      note(instants, instantMs, latestMs);
      note(instants, instantMs + periodMs, latestMs);
    } else if (nowMs + TIMER_STEP_MS < earliestMs - READ_EVERY_MS) {
      opensMs = Math.min(opensMs, earliestMs - READ_EVERY_MS);
    } else if (nowMs <= answeredMs + READ_EVERY_MS) isOpen = true;
  }
  const { firstMs, secondMs } = instants;
  const isQuiet = quiet !== undefined && nowMs >= quiet.sinceMs && nowMs <= quiet.untilMs;
  const isDue = (isUnread && isQuiet) || (isOpen && nowMs - lastMs >= READ_EVERY_MS - TIMER_STEP_MS);
  const leadMs = quiet === undefined ? 0 : Math.min(LEAD_MS, (quiet.untilMs - quiet.sinceMs) / 2);
  // What has been sent by now has to be read before the first of them, what the first one sends before the second.
  const beforeMs = (isUnread && !isDue ? firstMs : secondMs) - leadMs;
  const againMs = isOpen ? (isDue ? nowMs : Math.max(nowMs + TIMER_STEP_MS, lastMs)) + READ_EVERY_MS : opensMs;
  return { isDue, nextMs: Math.min(againMs, isQuiet ? beforeMs : Math.max(beforeMs, quiet?.sinceMs ?? beforeMs)) };
}

/**
 * How long a first SYN had better wait: it would be answered along with others that are sent again about now.
 *
 * @param options.quiet - The quiet part of the period in which its answer would come.
 * @returns Milliseconds; 0: it need not.
 */
export function untilQuietMs(
  resends: readonly Retransmission[],
  { nowMs, windowMs, quiet }: Pick<PlanOptions, "nowMs" | "windowMs" | "quiet">,
): number {
  if (quiet === undefined || nowMs >= quiet.sinceMs) return 0;
  // Answers take so long that some come at an instant in any case.
  if (quiet.untilMs - windowMs - quiet.sinceMs < LEAST_QUIET_MS) return 0;
  const isBusy = resends.some(({ earliestMs, latestMs }) => earliestMs < quiet.sinceMs && latestMs + windowMs > nowMs);
  return isBusy ? quiet.sinceMs - nowMs : 0;
}

/** Takes an instant among the next two, if it is before the end of what it is an instant of. */
function note(instants: { firstMs: number; secondMs: number }, atMs: number, untilMs: number): void {
  if (atMs > untilMs || Math.abs(atMs - instants.firstMs) < TIMER_STEP_MS) return;
  if (atMs < instants.firstMs) {
    instants.secondMs = instants.firstMs;
    instants.firstMs = atMs;
  } else if (atMs < instants.secondMs) instants.secondMs = atMs;
}
