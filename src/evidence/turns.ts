import type { Clock } from "../domain/clock.ts";

/** Nobody waits longer: then two SYNs are on their way at once, and later ones have to tell them apart. */
export const MAX_WAIT_MS = 50;

/**
 * Lets one first SYN at a time wait for its answer, so that a reset that comes meanwhile is its own.
 *
 * A healthy answer takes less than a millisecond or two, so that even hundreds of attempts a second seldom wait.
 */
export class Turns {
  readonly #clock: Clock;
  readonly #waiting: (() => void)[] = [];
  #holder: object | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @returns when it is the caller's turn, at the latest after `MAX_WAIT_MS`, with what gives the turn back. */
  take(): Promise<() => void> {
    if (this.#holder === undefined) return Promise.resolve(this.#hold());
    return new Promise((resolve) => {
      const go = () => {
        cancel();
        const index = this.#waiting.indexOf(go);
        if (index >= 0) this.#waiting.splice(index, 1);
        resolve(this.#hold());
      };
      const cancel = this.#clock.after(MAX_WAIT_MS, go);
      this.#waiting.push(go);
    });
  }

  #hold(): () => void {
    const holder = {};
    this.#holder = holder;
    return () => {
      // Whoever did not wait any longer has it now.
      if (this.#holder !== holder) return;
      this.#holder = undefined;
      this.#waiting[0]?.();
    };
  }
}
