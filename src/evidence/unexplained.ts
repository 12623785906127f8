/** Resets that nobody of ours can have caused. */
import type { Reading } from "./counters.ts";
import { firstReading, type RetransmissionBurst } from "./retransmissions.ts";
import type { Suspect } from "./suspect.ts";

/** Resets that can have come at any time between two instants, in milliseconds. */
export interface Resets {
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly count: number;
}

/** Something of ours that can have caused so many resets, in intervals that are named by the index of the reading that ends them. */
interface Cause {
  readonly from: number;
  readonly to: number;
  left: number;
}

/**
 * Finds the resets that are left over when each SYN of a suspect has taken one for itself, as far as there is one for it: as few as it
 * can have been.
 *
 * @param suspects - All that may have hairpinned, whether they did or not; also those that are under way.
 * @param excused - What else of ours can have caused some.
 * @returns by time; none of them has a count of 0.
 */
export function unexplainedResets(
  readings: readonly Reading[],
  suspects: readonly Suspect[],
  bursts: readonly RetransmissionBurst[],
  excused: readonly Resets[],
): readonly Resets[] {
  const causes = causesOf(readings, suspects, bursts, excused);
  const unexplained: Resets[] = [];
  let open: Cause[] = [];
  let next = 0;
  for (let interval = 1; interval < readings.length; interval++) {
    const [before, after] = [readings[interval - 1], readings[interval]];
    if (before === undefined || after === undefined || after.resets <= before.resets) continue;
    for (; (causes[next]?.from ?? Number.POSITIVE_INFINITY) <= interval; next++) {
      const cause = causes[next];
      if (cause !== undefined) open.push(cause);
    }
    // Whoever can take none later takes one first: so as many as possible are taken.
    open = open.filter(({ to, left }) => to >= interval && left > 0).toSorted((a, b) => a.to - b.to);
    let count = after.resets - before.resets;
    for (const cause of open) {
      const taken = Math.min(count, cause.left);
      cause.left -= taken;
      count -= taken;
    }
    if (count > 0) unexplained.push({ sinceMs: before.atMs, untilMs: after.atMs, count });
  }
  return unexplained;
}

function causesOf(
  readings: readonly Reading[],
  suspects: readonly Suspect[],
  bursts: readonly RetransmissionBurst[],
  excused: readonly Resets[],
): readonly Cause[] {
  const firstMs = readings[0]?.atMs ?? Number.POSITIVE_INFINITY;
  const longestMs = suspects.reduce((most, { answer }) => Math.max(most, answer.withinMs), 0);
  const causes: Cause[] = [];
  const add = (sinceMs: number, untilMs: number, left: number): void => {
    if (untilMs < firstMs) return;
    causes.push({ from: Math.max(1, firstReading(readings, sinceMs)), to: firstReading(readings, untilMs), left });
  };
  for (const { sentMs, answer, resends, endMs = Number.POSITIVE_INFINITY } of suspects) {
    add(sentMs, sentMs + answer.withinMs, 1);
    // What was sent again before the first reading is in no burst, and may be answered after it.
    for (const { earliestMs, latestMs } of resends) {
      if (earliestMs < Math.min(firstMs, endMs)) add(earliestMs, latestMs + answer.withinMs, 1);
    }
  }
  for (const { interval, untilMs, located, anonymous } of bursts) {
    causes.push({ from: interval, to: firstReading(readings, untilMs + longestMs), left: located.length + anonymous });
  }
  for (const { sinceMs, untilMs, count } of excused) add(sinceMs, untilMs, count);
  return causes.toSorted((a, b) => a.from - b.from);
}
