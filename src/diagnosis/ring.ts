import type { Exposure } from "../domain/exposure.ts";
import { type Observation, SEEN, type Seen } from "./observation.ts";

/**
 * The last observations of one frontend, by when the attempts began. 14 bytes each: an agent keeps thousands of frontends.
 *
 * What is let go began first, whenever it ended: a timeout ends seconds later than the successes of its time, and would outlive them.
 */
export class Ring {
  readonly #capacity: number;
  readonly #startedMs: Float64Array;
  readonly #exposure: Float32Array;
  readonly #seen: Uint16Array;
  /** Where the one is that began first. */
  #first = 0;
  #size = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#startedMs = new Float64Array(capacity);
    this.#exposure = new Float32Array(capacity);
    this.#seen = new Uint16Array(capacity);
  }

  add(startedMs: number, exposure: Exposure, seen: Seen): void {
    if (this.#size === this.#capacity) {
      if (startedMs < (this.#startedMs[this.#first] ?? 0)) return;
      this.#first = this.#slot(1);
      this.#size--;
    }
    let index = this.#size++;
    while (index > 0 && (this.#startedMs[this.#slot(index - 1)] ?? 0) > startedMs) {
      this.#move(this.#slot(index - 1), this.#slot(index));
      index--;
    }
    const slot = this.#slot(index);
    this.#startedMs[slot] = startedMs;
    this.#exposure[slot] = exposure ?? Number.NaN;
    this.#seen[slot] = SEEN.indexOf(seen);
  }

  /** What began within a time, its ends included, in the order in which it began. */
  between(fromMs: number, untilMs: number): readonly Observation[] {
    const found: Observation[] = [];
    for (let index = 0; index < this.#size; index++) {
      const slot = this.#slot(index);
      const startedMs = this.#startedMs[slot] ?? 0;
      const exposure = this.#exposure[slot] ?? Number.NaN;
      const seen = SEEN[this.#seen[slot] ?? 0];
      if (startedMs < fromMs || startedMs > untilMs || seen === undefined) continue;
      found.push({ startedMs, exposure: Number.isNaN(exposure) ? undefined : exposure, seen });
    }
    return found;
  }

  #slot(index: number): number {
    return (this.#first + index) % this.#capacity;
  }

  #move(from: number, to: number): void {
    this.#startedMs[to] = this.#startedMs[from] ?? 0;
    this.#exposure[to] = this.#exposure[from] ?? 0;
    this.#seen[to] = this.#seen[from] ?? 0;
  }
}
