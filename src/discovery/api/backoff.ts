/**
 * How long to wait before the next try: doubling from the base to the maximum, each wait drawn from its upper half so that
 * agents that lost the same server do not come back together.
 */
export class Backoff {
  readonly #baseMs: number;
  readonly #maxMs: number;
  readonly #random: () => number;
  #tries = 0;

  constructor(options: { readonly baseMs: number; readonly maxMs: number; readonly random: () => number }) {
    this.#baseMs = options.baseMs;
    this.#maxMs = options.maxMs;
    this.#random = options.random;
  }

  nextMs(): number {
    const ceiling = Math.min(this.#maxMs, this.#baseMs * 2 ** this.#tries);
    // Past the maximum there is nothing left to count, and 2 ** n would end at Infinity.
    if (ceiling < this.#maxMs) this.#tries++;
    return ceiling * (0.5 + this.#random() / 2);
  }

  reset(): void {
    this.#tries = 0;
  }
}
