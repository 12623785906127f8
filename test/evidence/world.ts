import { attribute } from "../../src/evidence/attribute.ts";
import type { Reading } from "../../src/evidence/counters.ts";
import { locateRetransmissions, type Retransmission } from "../../src/evidence/retransmissions.ts";
import type { Attribution } from "../../src/evidence/suspect.ts";

/** A world as the kernel would count it, of which the truth is known. Times are in milliseconds. */
export interface World {
  readonly connects: readonly { readonly sentMs: number; readonly isHairpin: boolean }[];
  /** From a SYN to the reset that it causes; less than `WINDOW_MS`. */
  readonly answerMs: (connect: number, round: number) => number;
  /** How late a retransmission is; less than `LATENESS_MS` in each round. */
  readonly latenessMs: (connect: number, round: number) => number;
  /** When the counters are read, besides at each first SYN. */
  readonly readMs: readonly number[];
  /** Resets that nobody here causes. */
  readonly strangeResets?: readonly number[];
  /** First SYNs that get lost on the way, by connect. */
  readonly lost?: readonly number[];
  /** The same of any SYN: round 0 is the first one. */
  readonly isLost?: (connect: number, round: number) => boolean;
}

export const WINDOW_MS = 3;
export const LATENESS_MS = 32;
export const TIMEOUT_MS = 3_000;
/** When the SYN of a connect is sent again. */
export const resendsOf = (sentMs: number): readonly Retransmission[] =>
  [1, 2].map((round) => ({
    earliestMs: sentMs + round * 1_000,
    latestMs: sentMs + round * (1_000 + LATENESS_MS),
    isAligned: false,
  }));

/** A connect that times out, as the tracker knows it. */
export const suspectOf = (sentMs: number) => ({
  sentMs,
  readMs: sentMs,
  answer: { fromMs: 0, withinMs: WINDOW_MS },
  resends: resendsOf(sentMs),
  endMs: sentMs + TIMEOUT_MS,
  known: "undecided" as const,
});

/** What is concluded once all connects have timed out. */
export function judge(world: World): readonly Attribution[] {
  const readings = readingsOf(world);
  const suspects = world.connects.map(({ sentMs }) => suspectOf(sentMs));
  return attribute(readings, suspects, locateRetransmissions(readings, suspects).bursts);
}

export function readingsOf(world: World): readonly Reading[] {
  const { connects, answerMs, latenessMs, readMs, strangeResets = [], lost = [], isLost = () => false } = world;
  const resets = [...strangeResets];
  const retransmissions: number[] = [];
  for (const [connect, { sentMs, isHairpin }] of connects.entries()) {
    const syns = [sentMs];
    for (const { earliestMs } of resendsOf(sentMs)) {
      // Each is late by itself, and by as much as those before it.
      syns.push(Math.max(syns.at(-1) ?? 0, earliestMs) + latenessMs(connect, syns.length - 1));
    }
    retransmissions.push(...syns.slice(1));
    if (!isHairpin) continue;
    for (const [round, atMs] of syns.entries()) {
      if ((round > 0 || !lost.includes(connect)) && !isLost(connect, round)) resets.push(atMs + answerMs(connect, round));
    }
  }
  const until = (times: readonly number[], atMs: number) => times.filter((time) => time <= atMs).length;
  const instants = new Set([...connects.map(({ sentMs }) => sentMs), ...readMs]);
  return [...instants]
    .sort((a, b) => a - b)
    .map((atMs) => ({ atMs, resets: until(resets, atMs), retransmissions: until(retransmissions, atMs) }));
}

/** Readings every 5 ms, and one when the answer to each first SYN must have come, as the tracker takes them. */
export const usualReadings = (connects: World["connects"]): readonly number[] => [
  ...connects.map(({ sentMs }) => sentMs + WINDOW_MS),
  ...Array.from({ length: 900 }, (_, i) => i * 5 - 2.5),
];
