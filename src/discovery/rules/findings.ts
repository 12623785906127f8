import type { Refusal } from "../../domain/load-balancer.ts";

/** What is noticed while a configuration is read: settings that are refused, and things that are not known. Each once. */
export class Findings {
  readonly #refusals = new Map<string, Refusal>();
  readonly #doubts = new Set<string>();

  /** A setting that the controller (or AWS) does not take: what was given, and what was expected. */
  refuse(detail: string, by: Refusal["by"] = "controller"): void {
    this.#refusals.set(detail, { by, detail });
  }

  /** One sentence: what is not known, and what would settle it. */
  doubt(sentence: string): void {
    this.#doubts.add(sentence);
  }

  get refusals(): readonly Refusal[] {
    return [...this.#refusals.values()];
  }

  get doubts(): readonly string[] {
    return [...this.#doubts];
  }
}
