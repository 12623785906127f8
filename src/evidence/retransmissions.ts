/**
 * Whose SYNs were sent again when. The kernel counts what it sends again, and its schedule is known, though not to the millisecond:
 * its timers are late by up to an eighth (kernel/time/timer.c, "timer wheel").
 */
import { firstIndex } from "../domain/bisect.ts";
import type { Reading } from "./counters.ts";

/** When a SYN is sent again, in milliseconds after the first: not before, and at the latest. */
export interface Retransmission {
  readonly earliestMs: number;
  readonly latestMs: number;
}

/** Consecutive intervals in which something was sent again; an interval is named by the index of the reading that ends it. */
export interface RetransmissionBurst {
  readonly from: number;
  readonly to: number;
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
  /** Milliseconds at which the first SYN left. */
  readonly sentMs: number;
  /** Milliseconds after which none of its SYNs can leave; `undefined`: it is still under way. */
  readonly endMs: number | undefined;
}

interface Burst {
  readonly from: number;
  readonly to: number;
  readonly count: number;
  untilMs: number;
  readonly located: number[];
  readonly candidates: Set<Due>;
}

/** One retransmission that is due, and the bursts that it may have been in. */
interface Due {
  readonly connect: number;
  readonly bursts: Set<Burst>;
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
  schedule: readonly Retransmission[],
): readonly RetransmissionBurst[] {
  const bursts = burstsOf(readings);
  const firstMs = readings[0]?.atMs ?? Number.POSITIVE_INFINITY;
  const lastMs = readings.at(-1)?.atMs ?? Number.NEGATIVE_INFINITY;
  const queue: Due[] = [];
  for (const [connect, { sentMs, endMs = Number.POSITIVE_INFINITY }] of connects.entries()) {
    for (const { earliestMs, latestMs } of schedule) {
      const fromMs = sentMs + earliestMs;
      const untilMs = Math.min(sentMs + latestMs, endMs, lastMs);
      if (fromMs >= untilMs) break;
      const possible = burstsBetween(bursts, readings, fromMs, untilMs);
      // All that it may have been must be in sight.
      const isCertain = fromMs >= firstMs && untilMs === sentMs + latestMs;
      const due: Due = { connect, bursts: new Set(possible), isCertain };
      for (const burst of possible) {
        burst.candidates.add(due);
        burst.untilMs = Math.max(burst.untilMs, untilMs);
      }
      queue.push(due);
    }
  }
  for (let due = queue.pop(); due !== undefined; due = queue.pop()) {
    if (due.bursts.size !== 1 || !due.isCertain) continue;
    for (const burst of due.bursts) {
      burst.candidates.delete(due);
      burst.located.push(due.connect);
      if (burst.located.length < burst.count) continue;
      for (const other of burst.candidates) {
        other.bursts.delete(burst);
        queue.push(other);
      }
      burst.candidates.clear();
    }
    due.bursts.clear();
  }
  return bursts.map(({ from, to, count, untilMs, located, candidates }) => ({
    from,
    to,
    untilMs: Math.min(Number.isFinite(untilMs) ? untilMs : lastMs, readings[to]?.atMs ?? lastMs),
    located,
    anonymous: Math.max(0, count - located.length),
    candidates: [...candidates].map(({ connect }) => connect),
  }));
}

function burstsOf(readings: readonly Reading[]): readonly Burst[] {
  const bursts: Burst[] = [];
  let open: { from: number; to: number; count: number } | undefined;
  for (let i = 1; i <= readings.length; i++) {
    const count = (readings[i]?.retransmissions ?? 0) - (readings[i - 1]?.retransmissions ?? 0);
    if (count > 0) open = { from: open?.from ?? i, to: i, count: (open?.count ?? 0) + count };
    else if (open !== undefined) {
      bursts.push({ ...open, untilMs: Number.NEGATIVE_INFINITY, located: [], candidates: new Set() });
      open = undefined;
    }
  }
  return bursts;
}

function burstsBetween(
  bursts: readonly Burst[],
  readings: readonly Reading[],
  fromMs: number,
  untilMs: number,
): readonly Burst[] {
  const endsAt = (burst: Burst): number => readings[burst.to]?.atMs ?? 0;
  const startsAt = (burst: Burst): number => readings[burst.from - 1]?.atMs ?? 0;
  const found: Burst[] = [];
  for (let i = firstIndex(bursts, (burst) => endsAt(burst) >= fromMs); i < bursts.length; i++) {
    const burst = bursts[i];
    if (burst === undefined || startsAt(burst) >= untilMs) break;
    found.push(burst);
  }
  return found;
}

/** Index of the first reading at or after an instant; the number of readings if there is none. */
export const firstReading = (readings: readonly Reading[], atMs: number): number =>
  firstIndex(readings, (reading) => reading.atMs >= atMs);
