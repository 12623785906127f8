import type { StatusFailure } from "../domain/status.ts";

/** As many as a person reads. */
export const MAX_LAST_FAILURES = 50;

/** The last failed attempts, whatever they were aimed at. */
export class LastFailures {
  #failures: readonly StatusFailure[] = [];

  add(failure: StatusFailure): void {
    this.#failures = [failure, ...this.#failures.slice(0, MAX_LAST_FAILURES - 1)];
  }

  /** The one that became known last first. */
  get all(): readonly StatusFailure[] {
    return this.#failures;
  }
}
