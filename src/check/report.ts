import { shareInterval } from "../domain/binomial.ts";
import type { Cause, Diagnosis } from "../domain/diagnosis.ts";
import type { Frontend } from "../domain/frontend.ts";
import type { Outcome } from "../domain/outcome.ts";
import type { Window } from "../domain/window.ts";
import type { Fixable } from "../terminal/fix-lines.ts";

/** What was found at one address. */
export interface CheckedFrontend {
  readonly frontend: Frontend;
  readonly outcomes: readonly Outcome[];
  readonly window: Window;
  readonly diagnosis: Diagnosis;
}

/** The way past the NLB, for one port. */
export interface CheckedControl {
  readonly address: string;
  readonly port: number;
  readonly window: Window;
}

export interface CheckReport {
  /** As it was asked for. */
  readonly target: string;
  readonly at: Date;
  readonly node: string;
  readonly zone: string | undefined;
  readonly seconds: number;
  readonly maxAttempts: number;
  /** It was told to end before it was done: what was under way then is left out. */
  readonly isInterrupted: boolean;
  /** Whether anyone looked why connects timed out. */
  readonly hasEvidence: boolean;
  readonly frontends: readonly CheckedFrontend[];
  readonly controls: readonly CheckedControl[];
  readonly fix: Fixable | undefined;
  /** What could not be had, one sentence each. */
  readonly notes: readonly string[];
}

/** `fault`: something is wrong, and nothing shows that it is the hairpin. */
export type CheckVerdict = "healthy" | "hairpin" | "fault" | "undecided";

/** The worst of all addresses. */
export function verdictOf({ frontends }: Pick<CheckReport, "frontends">): CheckVerdict {
  const causes = new Set<Cause>(frontends.map(({ diagnosis }) => diagnosis.cause));
  if (causes.has("hairpin")) return "hairpin";
  // What this very process was too late for says nothing about the network.
  const faults = [...causes].filter((cause) => !["healthy", "unmeasured", "undecided", "prober_starved"].includes(cause));
  if (faults.length > 0) return "fault";
  return causes.size === 1 && causes.has("healthy") ? "healthy" : "undecided";
}

/** Shares that the timeouts are compatible with, at 95 %. */
export const intervalOf = ({ timeouts, attempts }: Window): { readonly low: number; readonly high: number } =>
  shareInterval(timeouts, attempts);

/** Upper edges in seconds: 1, 2 and 4 times the first, by decades, and just below the steps of lost SYNs. */
const EDGES = [0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.25, 0.9, 1.9, 2.9, Number.POSITIVE_INFINITY] as const;

export interface Bin {
  /** Seconds. */
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

/** How long successful connects took, without the empty bins at both ends. */
export function connectHistogram(outcomes: readonly Outcome[]): readonly Bin[] {
  const seconds = outcomes.flatMap((outcome) => (outcome.kind === "success" ? [outcome.phases.connect ?? 0] : []));
  const bins = EDGES.map((to, i) => {
    const from = EDGES[i - 1] ?? 0;
    return { from, to, count: seconds.filter((value) => value >= from && value < to).length };
  });
  const isFilled = ({ count }: Bin): boolean => count > 0;
  const first = bins.findIndex(isFilled);
  return first < 0 ? [] : bins.slice(first, bins.findLastIndex(isFilled) + 1);
}

/** What the NLB had chosen for hairpins that a capture saw, and how often: node or address, and port. */
export function chosenTargets(outcomes: readonly Outcome[]): readonly { readonly target: string; readonly count: number }[] {
  const counts = new Map<string, number>();
  for (const outcome of outcomes) {
    if (outcome.kind !== "failure" || outcome.evidence?.kind !== "capture") continue;
    const { address, port, node } = outcome.evidence.chosen;
    const target = `${node ?? address}:${port}`;
    counts.set(target, (counts.get(target) ?? 0) + 1);
  }
  return [...counts].map(([target, count]) => ({ target, count })).toSorted((a, b) => b.count - a.count);
}

/** Attempts at all addresses, and past the NLB. */
export const totalAttempts = ({ frontends, controls }: CheckReport): number =>
  [...frontends, ...controls].reduce((sum, { window }) => sum + window.attempts, 0);

/** Whether every address needed fewer attempts than it might have had. */
export const stoppedEarly = ({ frontends, maxAttempts, isInterrupted }: CheckReport): boolean =>
  !isInterrupted && frontends.every(({ outcomes }) => outcomes.length < maxAttempts);
