import type { Exposure } from "../domain/exposure.ts";
import { type Observation, SEEN, type Seen } from "./observation.ts";

/** The last observations of one frontend. 13 bytes each: an agent keeps thousands of frontends. */
export class Ring {
  readonly #startedMs: Float64Array;
  readonly #exposure: Float32Array;
  readonly #seen: Uint8Array;
  /** Observations so far, those that were overwritten included. */
  #count = 0;

  constructor(capacity: number) {
    this.#startedMs = new Float64Array(capacity);
    this.#exposure = new Float32Array(capacity);
    this.#seen = new Uint8Array(capacity);
  }

  add(startedMs: number, exposure: Exposure, seen: Seen): void {
    const at = this.#count % this.#startedMs.length;
    this.#startedMs[at] = startedMs;
    this.#exposure[at] = exposure ?? Number.NaN;
    this.#seen[at] = SEEN.indexOf(seen);
    this.#count++;
  }

  clear(): void {
    this.#count = 0;
  }

  /** What began at or after an instant, in the order in which it began: attempts end in another. */
  since(sinceMs: number): readonly Observation[] {
    const found: Observation[] = [];
    for (let at = 0; at < Math.min(this.#count, this.#startedMs.length); at++) {
      const startedMs = this.#startedMs[at] ?? 0;
      const exposure = this.#exposure[at] ?? Number.NaN;
      const seen = SEEN[this.#seen[at] ?? 0];
      if (startedMs < sinceMs || seen === undefined) continue;
      found.push({ startedMs, exposure: Number.isNaN(exposure) ? undefined : exposure, seen });
    }
    return found.sort((a, b) => a.startedMs - b.startedMs);
  }
}
