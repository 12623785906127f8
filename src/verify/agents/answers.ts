import type { Reading } from "./reading.ts";

/** How many of the readings each agent answered that was there in any of them. */
export class Answers {
  readonly #counts = new Map<string, number>();
  #readings = 0;

  /** @param first - The reading that the span begins with: what it lacks has no beginning. */
  constructor(first: Reading) {
    for (const agent of first.pages.keys()) this.#counts.set(agent, 0);
  }

  add({ pages }: Reading): void {
    this.#readings++;
    for (const agent of pages.keys()) this.#counts.set(agent, (this.#counts.get(agent) ?? 0) + 1);
  }

  /** By agent: 0 to 1. */
  shares(): ReadonlyMap<string, number> {
    return new Map([...this.#counts].map(([agent, count]) => [agent, this.#readings === 0 ? 1 : count / this.#readings]));
  }
}
