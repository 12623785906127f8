/** Stretches of readings in which resets and what can have caused them are held against each other. */
import type { RetransmissionBurst } from "./retransmissions.ts";

/**
 * What can have caused resets in a stretch of intervals: a SYN of a suspect, or retransmissions of which it is not known whose they
 * are. Intervals are named by the index of the reading that ends them.
 */
export interface Part {
  readonly from: number;
  readonly to: number;
  /** Whose SYN it is; `undefined`: that of `burst`'s. */
  readonly suspect: number | undefined;
  readonly burst: RetransmissionBurst | undefined;
  /** Whether its reset must have been read by now, if it causes one. */
  readonly isRead: boolean;
}

/** Parts that overlap, in the order in which they begin, and the intervals in which there were resets. */
export interface Cell {
  readonly parts: readonly Part[];
  readonly hits: readonly number[];
  /** It is to be looked at. */
  isQueued: boolean;
  /** More is known of those in it since it was last looked through for whom that rules out. */
  isChanged: boolean;
}

/** Stretches of a cell are looked at up to this many parts or hits long: longer ones add little, and their number grows squared. */
const MAX_STRETCH = 12;

/** Some parts of a cell; a list that is filled again and again, as there are thousands of stretches a second, and is not to be kept. */
export class Parts {
  readonly #parts: Part[] = [];
  #size = 0;

  clear(): void {
    // To set the array's length would give up its memory.
    this.#size = 0;
  }

  add(part: Part): void {
    this.#parts[this.#size++] = part;
  }

  get size(): number {
    return this.#size;
  }

  /** By index: an iterator would leave an object for each part. */
  at(index: number): Part | undefined {
    return this.#parts[index];
  }
}

/**
 * Every stretch that begins with a part and ends with one, and the parts that lie inside it.
 *
 * @param inside - Is filled with them.
 */
export function forEachInside({ parts }: Cell, inside: Parts, look: (inside: Parts, from: number, to: number) => void): void {
  for (let start = 0; start < parts.length; start++) {
    const from = parts[start]?.from ?? 0;
    if (from === parts[start - 1]?.from) continue;
    const end = Math.min(parts.length, start + MAX_STRETCH);
    for (let last = start; last < end; last++) {
      const to = parts[last]?.to ?? 0;
      inside.clear();
      let isFirst = true;
      for (let i = start; i < end; i++) {
        const part = parts[i];
        if (part === undefined || part.to > to) continue;
        if (i < last && part.to === to) isFirst = false;
        inside.add(part);
      }
      if (isFirst) look(inside, from, to);
    }
  }
}

/**
 * Every stretch that begins and ends with a reset, and the parts that reach into it.
 *
 * @param touching - Is filled with them.
 */
export function forEachTouching(
  { parts, hits }: Cell,
  touching: Parts,
  look: (touching: Parts, from: number, to: number) => void,
): void {
  for (let start = 0; start < hits.length; start++) {
    const from = hits[start] ?? 0;
    for (let last = start; last < Math.min(hits.length, start + MAX_STRETCH); last++) {
      const to = hits[last] ?? 0;
      touching.clear();
      for (let i = 0; i < parts.length; i++) {
        const part = parts[i];
        if (part === undefined || part.from > to) break;
        if (part.to >= from) touching.add(part);
      }
      look(touching, from, to);
    }
  }
}
