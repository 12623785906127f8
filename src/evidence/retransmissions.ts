/** Whose SYNs were sent again when: the kernel counts what it sends again, and when it does is known, if not to the millisecond. */
import { firstIndex } from "../domain/bisect.ts";
import type { Reading } from "./counters.ts";

/** When a SYN is sent again, in milliseconds: not before, and at the latest. */
export interface Retransmission {
  readonly earliestMs: number;
  readonly latestMs: number;
  /** It leaves at one of the instants that the timer wheel was found to have. */
  readonly isAligned: boolean;
}

/** An interval between two readings in which something was sent again. */
export interface RetransmissionBurst {
  /** The index of the reading that ends it. */
  readonly interval: number;
  /** Milliseconds at which the last SYN of them has been sent, at the latest. */
  readonly untilMs: number;
  /** Indices of those who sent theirs here, and nowhere else. */
  readonly located: readonly number[];
  /** What else was sent again here. */
  readonly anonymous: number;
  /** Those who may have: connects, by index, each as often as it may have. */
  readonly candidates: readonly number[];
}

export interface Connect {
  readonly resends: readonly Retransmission[];
  /** Milliseconds after which none of its SYNs can leave; `undefined`: it is still under way. */
  readonly endMs: number | undefined;
}

interface Burst {
  readonly interval: number;
  readonly count: number;
  untilMs: number;
  readonly located: number[];
  candidates: Due[];
}

/** One retransmission that is due, and the bursts that it may have been in. */
interface Due {
  readonly connect: number;
  bursts: Burst[];
  /** Whether it must be in one of them: it was sent by now, and not before the first reading. */
  readonly isCertain: boolean;
}

/**
 * Finds the bursts of retransmissions, and who took part in each as far as that follows: what has only one place left is there, and
 * a burst that is full has no place for others.
 */
export function locateRetransmissions(
  readings: readonly Reading[],
  connects: readonly Connect[],
): readonly RetransmissionBurst[] {
  const bursts = burstsOf(readings);
  const firstMs = readings[0]?.atMs ?? Number.POSITIVE_INFINITY;
  const lastMs = readings.at(-1)?.atMs ?? Number.NEGATIVE_INFINITY;
  const queue: Due[] = [];
  connects.forEach(({ resends, endMs = Number.POSITIVE_INFINITY }, connect) => {
    for (const { earliestMs, latestMs } of resends) {
      const untilMs = Math.min(latestMs, endMs, lastMs);
      if (earliestMs >= untilMs) break;
      const possible = burstsBetween(bursts, readings, earliestMs, untilMs);
      // All that it may have been must be in sight.
      const isCertain = earliestMs >= firstMs && untilMs === latestMs;
      const due: Due = { connect, bursts: possible, isCertain };
      for (const burst of possible) {
        burst.candidates.push(due);
        burst.untilMs = Math.max(burst.untilMs, untilMs);
      }
      queue.push(due);
    }
  });
  for (let due = queue.pop(); due !== undefined; due = queue.pop()) {
    const [burst, ...others] = due.bursts;
    if (burst === undefined || others.length > 0 || !due.isCertain) continue;
    due.bursts = [];
    take(burst.candidates, due);
    burst.located.push(due.connect);
    if (burst.located.length < burst.count) continue;
    for (const other of burst.candidates) {
      take(other.bursts, burst);
      queue.push(other);
    }
    burst.candidates = [];
  }
  return bursts.map(({ interval, count, untilMs, located, candidates }) => ({
    interval,
    untilMs: Math.min(Number.isFinite(untilMs) ? untilMs : lastMs, readings[interval]?.atMs ?? lastMs),
    located,
    anonymous: Math.max(0, count - located.length),
    candidates: candidates.map(({ connect }) => connect),
  }));
}

function burstsOf(readings: readonly Reading[]): readonly Burst[] {
  const bursts: Burst[] = [];
  for (let interval = 1; interval < readings.length; interval++) {
    const count = (readings[interval]?.retransmissions ?? 0) - (readings[interval - 1]?.retransmissions ?? 0);
    if (count > 0) {
      bursts.push({ interval, count, untilMs: Number.NEGATIVE_INFINITY, located: [], candidates: [] });
    }
  }
  return bursts;
}

function burstsBetween(bursts: readonly Burst[], readings: readonly Reading[], fromMs: number, untilMs: number): Burst[] {
  const endsAt = (burst: Burst): number => readings[burst.interval]?.atMs ?? 0;
  const startsAt = (burst: Burst): number => readings[burst.interval - 1]?.atMs ?? 0;
  const found: Burst[] = [];
  for (let i = firstIndex(bursts, (burst) => endsAt(burst) >= fromMs); i < bursts.length; i++) {
    const burst = bursts[i];
    if (burst === undefined || startsAt(burst) >= untilMs) break;
    found.push(burst);
  }
  return found;
}

function take<T>(items: T[], item: T): void {
  const index = items.indexOf(item);
  if (index >= 0) items.splice(index, 1);
}

/** Index of the first reading at or after an instant; the number of readings if there is none. */
export const firstReading = (readings: readonly Reading[], atMs: number): number =>
  firstIndex(readings, (reading) => reading.atMs >= atMs);
