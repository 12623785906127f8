/** Which stretches of readings each SYN of a suspect has to do with. */
import type { Reading } from "./counters.ts";
import { firstReading, type RetransmissionBurst } from "./retransmissions.ts";
import type { Cell, Part } from "./stretches.ts";
import type { Suspect } from "./suspect.ts";

/** First SYNs and those that were sent again, each with the intervals in which the reset to it can be, by where they begin. */
export function partsOf(
  readings: readonly Reading[],
  suspects: readonly Suspect[],
  bursts: readonly RetransmissionBurst[],
): readonly Part[] {
  const last = readings.length - 1;
  const lastMs = readings[last]?.atMs ?? Number.NEGATIVE_INFINITY;
  const longestMs = suspects.reduce((most, { answer }) => Math.max(most, answer.withinMs), 0);
  const withinOf = (suspect: number): number => suspects[suspect]?.answer.withinMs ?? longestMs;
  /** From the interval in which the reset to a SYN can come first that left at `sentMs` at the earliest, and in `from` or later. */
  const readFrom = (from: number, sentMs: number, suspect: number): number => {
    const { fromMs = 0 } = suspects[suspect]?.answer ?? {};
    return fromMs === 0 ? from : Math.max(from, Math.min(last, firstReading(readings, sentMs + fromMs)));
  };
  /** The interval by which the reset to a SYN has been read that left at the latest then; the last one if it may still come. */
  const readBy = (ms: number, withinMs: number) => ({
    to: Math.min(last, firstReading(readings, ms + withinMs)),
    isRead: ms + withinMs <= lastMs,
  });
  const parts: Part[] = [];
  const add = (part: Part): void => {
    parts.push(part.to < part.from ? { ...part, to: part.from } : part);
  };
  suspects.forEach(({ sentMs, readMs, answer }, suspect) => {
    const before = firstReading(readings, readMs);
    // Without the reading just before it, or any after it, nothing can be said of a SYN.
    if (readings[before]?.atMs !== readMs || before === last) return;
    add({ from: readFrom(before + 1, sentMs, suspect), ...readBy(sentMs, answer.withinMs), suspect, burst: undefined });
  });
  // What was sent before the first reading is in no burst, and can have been answered after it.
  const firstMs = readings[0]?.atMs ?? Number.POSITIVE_INFINITY;
  suspects.forEach(({ sentMs, answer, resends, endMs = Number.POSITIVE_INFINITY }, suspect) => {
    const early = (earliestMs: number, latestMs: number): void => {
      if (earliestMs >= Math.min(firstMs, endMs) || latestMs + answer.withinMs < firstMs) return;
      add({ from: 1, to: readBy(latestMs, answer.withinMs).to, isRead: false, suspect, burst: undefined });
    };
    early(sentMs, sentMs);
    for (const { earliestMs, latestMs } of resends) {
      const isLocated = ({ interval, located }: RetransmissionBurst): boolean =>
        (readings[interval - 1]?.atMs ?? latestMs) < latestMs && located.includes(suspect);
      if (earliestMs < firstMs && latestMs + answer.withinMs >= firstMs && !bursts.some(isLocated)) early(earliestMs, latestMs);
    }
  });
  for (const burst of bursts) {
    const { interval, untilMs, located, anonymous, candidates, hasStrangers } = burst;
    const sinceMs = readings[interval - 1]?.atMs ?? untilMs;
    for (const suspect of located) {
      add({ from: readFrom(interval, sinceMs, suspect), ...readBy(untilMs, withinOf(suspect)), suspect, burst: undefined });
    }
    if (anonymous === 0) continue;
    const withinMs = hasStrangers ? longestMs : candidates.reduce((most, each) => Math.max(most, withinOf(each)), 0);
    add({ from: interval, ...readBy(untilMs, withinMs), suspect: undefined, burst });
  }
  return parts.toSorted((a, b) => a.from - b.from);
}

/** Parts that overlap, together: what is in one cell says nothing of what is in another. */
export function cellsOf(parts: readonly Part[], readings: readonly Reading[]): readonly Cell[] {
  const cells: Cell[] = [];
  let group: Part[] = [];
  let end = 0;
  const close = () => {
    const hits: number[] = [];
    for (let i = group[0]?.from ?? end + 1; i <= end; i++) {
      if ((readings[i]?.resets ?? 0) > (readings[i - 1]?.resets ?? 0)) hits.push(i);
    }
    if (group.length > 0) cells.push({ parts: group, hits, isQueued: true, isChanged: true });
    group = [];
  };
  for (const part of parts) {
    if (part.from > end) close();
    end = group.length === 0 ? part.to : Math.max(end, part.to);
    group.push(part);
  }
  close();
  return cells;
}
