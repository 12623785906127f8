import type { Phase, PhaseSeconds } from "../domain/outcome.ts";

/** Until an answer has come: an NLB in the same region answers within a millisecond or two. */
const UNKNOWN_MS = 1;
/** What one more answer counts for: the last dozen tell. */
const WEIGHT = 1 / 8;

/** How long one target usually takes to answer in each phase, from its successes. */
export class AnswerTimes {
  readonly #usualMs: { [phase in Phase]?: number } = {};

  note(phases: PhaseSeconds): void {
    for (const phase in phases) {
      const ms = (phases[phase as Phase] ?? 0) * 1000;
      const usual = this.#usualMs[phase as Phase] ?? ms;
      this.#usualMs[phase as Phase] = usual + WEIGHT * (ms - usual);
    }
  }

  /** Milliseconds that the answer in this phase usually takes. */
  usualMs(phase: Phase): number {
    return this.#usualMs[phase] ?? UNKNOWN_MS;
  }
}
