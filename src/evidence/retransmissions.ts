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
  located: number[];
  candidates: Due[];
  /** It has no place for anybody else. */
  isFull: boolean;
  isDisputed: boolean;
}

/** One retransmission that is due, and the bursts that it may have been in: from an index to before another. */
interface Due {
  readonly connect: number;
  readonly from: number;
  readonly to: number;
  /** How many of them have a place for it. */
  places: number;
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
  const startOf = (burst: Burst | undefined): number => readings[(burst?.interval ?? 0) - 1]?.atMs ?? 0;
  const endOf = (burst: Burst): number => readings[burst.interval]?.atMs ?? 0;
  const queue: Due[] = [];
  connects.forEach(({ resends, endMs = Number.POSITIVE_INFINITY }, connect) => {
    for (const { earliestMs, latestMs } of resends) {
      const untilMs = Math.min(latestMs, endMs, lastMs);
      if (earliestMs >= untilMs) break;
      const from = firstIndex(bursts, (burst) => endOf(burst) >= earliestMs);
      let to = from;
      while (to < bursts.length && startOf(bursts[to]) < untilMs) to++;
      // All that it may have been must be in sight.
      const isCertain = earliestMs >= firstMs && untilMs === latestMs;
      const due: Due = { connect, from, to, places: to - from, isCertain, isLocated: false };
      for (let i = from; i < to; i++) {
        const burst = bursts[i];
        burst?.candidates.push(due);
        if (burst !== undefined) burst.untilMs = Math.max(burst.untilMs, untilMs);
      }
      queue.push(due);
    }
  });
  for (let due = queue.pop(); due !== undefined; due = queue.pop()) {
    if (due.places > 1 || !due.isCertain || due.isLocated) continue;
    const possible = bursts.slice(due.from, due.to);
    const burst = possible.find(({ isFull }) => !isFull);
    if (burst === undefined) {
      // It had no place, or others took it: which of them it was that was not on time is not known.
      displaced.add(due.connect);
      for (const disputed of possible) disputed.isDisputed = true;
      continue;
    }
    due.isLocated = true;
    burst.candidates.splice(burst.candidates.indexOf(due), 1);
    burst.located.push(due.connect);
    if (burst.located.length < burst.count) continue;
    burst.isFull = true;
    for (const other of burst.candidates) {
      other.places--;
      queue.push(other);
    }
    burst.candidates = [];
  }
  const found = bursts.map(({ interval, count, untilMs, isDisputed, ...of }): RetransmissionBurst => {
    const possible = of.candidates.map(({ connect }) => connect);
    const located = isDisputed ? [] : of.located;
    const candidates = isDisputed ? [...of.located, ...possible] : possible;
    const anonymous = Math.max(0, count - located.length);
    const hasStrangers = isDisputed || anonymous > candidates.length;
    const endMs = readings[interval]?.atMs ?? lastMs;
    return {
      interval,
      // A stranger's may have been sent at any time of the interval.
      untilMs: hasStrangers || !Number.isFinite(untilMs) ? endMs : Math.min(untilMs, endMs),
      located,
      anonymous,
      candidates,
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
      const untilMs = Number.NEGATIVE_INFINITY;
      bursts.push({ interval, count, untilMs, located: [], candidates: [], isFull: false, isDisputed: false });
    }
  }
  return bursts;
}

/** Index of the first reading at or after an instant; the number of readings if there is none. */
export const firstReading = (readings: readonly Reading[], atMs: number): number =>
  firstIndex(readings, (reading) => reading.atMs >= atMs);
