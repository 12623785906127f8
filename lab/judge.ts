import { expectedCounts } from "../src/domain/binomial.ts";
import { percent } from "./observe/table.ts";
import type { View } from "./observe/view.ts";

/** What the demo found wrong: a sentence each, none if all came out as it must. */
export type Findings = readonly string[];

/** The least share of hairpins that the agents must have proved. */
const MIN_EVIDENCE = 0.8;

const where = (view: View): string => `${view.node} to the frontend in ${view.frontendZone || "an unknown zone"}`;

/**
 * Before the fix: every row's timeouts must be what its exposure implies, proved and called hairpins, and nothing else may fail.
 *
 * @param alpha - Probability that a lab that works is called wrong by luck, over all rows together.
 */
export function judgeBefore(views: readonly View[], alpha: number): Findings {
  const findings = views.flatMap((view) => {
    if (view.exposure === undefined) return [`${where(view)}: the agent does not know the exposure`];
    const { low, high } = expectedCounts(view.attempts, view.exposure, alpha / views.length);
    const found: string[] = [];
    if (view.timeouts < low || view.timeouts > high) {
      const expected = `expected ${low} to ${high} (${percent(view.exposure)})`;
      found.push(`${where(view)}: ${view.timeouts} timeouts of ${view.attempts}, ${expected}`);
    }
    const cause = view.exposure > 0 ? "hairpin" : "healthy";
    if (view.cause !== cause) found.push(`${where(view)}: the agent says ${view.cause}, expected ${cause}`);
    if (view.hairpins < MIN_EVIDENCE * view.timeouts) {
      found.push(`${where(view)}: evidence for ${view.hairpins} of ${view.timeouts} timeouts, expected nearly all`);
    }
    if (view.otherFailures > 0) found.push(`${where(view)}: ${view.otherFailures} failures that are no timeouts, expected none`);
    return found;
  });
  const hairpins = views.reduce((sum, view) => sum + view.timeouts, 0);
  return hairpins === 0 ? [...findings, "no connection timed out before the fix: there was nothing to fix"] : findings;
}

/**
 * After the fix: no failure at all, over enough attempts that the old shares would have shown.
 *
 * @param minAttempts - Attempts that each row must have for its silence to mean something.
 */
export function judgeAfter(views: readonly View[], minAttempts: number): Findings {
  return views.flatMap((view) => {
    const found: string[] = [];
    if (view.attempts < minAttempts) found.push(`${where(view)}: ${view.attempts} attempts, expected at least ${minAttempts}`);
    if (view.timeouts > 0) found.push(`${where(view)}: ${view.timeouts} timeouts of ${view.attempts} after the fix, expected 0`);
    if (view.cause !== "healthy") found.push(`${where(view)}: the agent says ${view.cause} after the fix, expected healthy`);
    if (view.otherFailures > 0) found.push(`${where(view)}: ${view.otherFailures} failures after the fix, expected 0`);
    return found;
  });
}
