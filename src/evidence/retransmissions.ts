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
  /** Somebody else may have, too: more was sent than those can have, or not all who had to have a place. */
  readonly hasStrangers: boolean;
}

/** What `locateRetransmissions` finds. */
export interface Located {
  readonly bursts: readonly RetransmissionBurst[];
  /** Indices of connects that did not send again when they had to. */
  readonly displaced: ReadonlySet<number>;
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
  located: Due[];
  candidates: Due[];
  isDisputed: boolean;
}

/** One retransmission that is due, and the bursts that it may have been in. */
interface Due {
  readonly connect: number;
  readonly possible: readonly Burst[];
  /** Those of them that have a place for it. */
  bursts: Burst[];
  /** Whether it must be in one of them: it was sent by now, and not before the first reading. */
  readonly isCertain: boolean;
  isLocated: boolean;
}

/**
 * Finds the bursts of retransmissions, and who took part in each as far as that follows: what has only one place left is there, and
 * a burst that is full has no place for others. Where one who must be somewhere has none, nobody is.
 */
export function locateRetransmissions(readings: readonly Reading[], connects: readonly Connect[]): Located {
  const bursts = burstsOf(readings);
  const displaced = new Set<number>();
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
      const due: Due = { connect, possible, bursts: [...possible], isCertain, isLocated: false };
      for (const burst of possible) {
        burst.candidates.push(due);
        burst.untilMs = Math.max(burst.untilMs, untilMs);
      }
      queue.push(due);
    }
  });
  for (let due = queue.pop(); due !== undefined; due = queue.pop()) {
    const [burst, ...others] = due.bursts;
    if (others.length > 0 || !due.isCertain || due.isLocated) continue;
    if (burst === undefined) {
      // It had no place, or others took it: which of them it was that was not on time is not known.
      displaced.add(due.connect);
      for (const disputed of due.possible) disputed.isDisputed = true;
      continue;
    }
    due.isLocated = true;
    take(burst.candidates, due);
    burst.located.push(due);
    if (burst.located.length < burst.count) continue;
    for (const other of burst.candidates) {
      take(other.bursts, burst);
      queue.push(other);
    }
    burst.candidates = [];
  }
  const found = bursts.map(({ interval, count, untilMs, isDisputed, ...of }): RetransmissionBurst => {
    const located = isDisputed ? [] : of.located;
    const candidates = isDisputed ? [...of.located, ...of.candidates] : of.candidates;
    const anonymous = Math.max(0, count - located.length);
    const hasStrangers = isDisputed || anonymous > candidates.length;
    const endMs = readings[interval]?.atMs ?? lastMs;
    return {
      interval,
      // A stranger's may have been sent at any time of the interval.
      untilMs: hasStrangers || !Number.isFinite(untilMs) ? endMs : Math.min(untilMs, endMs),
      located: located.map(({ connect }) => connect),
      anonymous,
      candidates: candidates.map(({ connect }) => connect),
      hasStrangers,
    };
  });
  return { bursts: found, displaced };
}

function burstsOf(readings: readonly Reading[]): readonly Burst[] {
  const bursts: Burst[] = [];
  for (let interval = 1; interval < readings.length; interval++) {
    const count = (readings[interval]?.retransmissions ?? 0) - (readings[interval - 1]?.retransmissions ?? 0);
    if (count > 0) {
      bursts.push({ interval, count, untilMs: Number.NEGATIVE_INFINITY, located: [], candidates: [], isDisputed: false });
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
