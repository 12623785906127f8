import type { Reason } from "../domain/outcome.ts";
import type { Window } from "../domain/window.ts";
import type { Observation } from "./observation.ts";

/** A run of successes this improbable is taken for a change: what fails has begun after it, or ended before it. */
const CHANGE_PROBABILITY = 0.001;
const MIN_RUN = 10;

/**
 * Leaves out the successes before a fault began, or all there was before it ended, so that what is counted is of one piece.
 *
 * A fault has begun, or ended, where the run of successes before its first failure, or after its last, would have been next to
 * impossible with the share of failures that it shows.
 *
 * @param observations - In the order in which the attempts began.
 */
export function ofOnePiece(observations: readonly Observation[]): readonly Observation[] {
  const isFailure = ({ seen }: Observation): boolean => seen.kind === "failure";
  const first = observations.findIndex(isFailure);
  if (first < 0) return observations;
  const last = observations.findLastIndex(isFailure);
  if (isChange(observations.slice(last + 1), observations.slice(0, last))) return observations.slice(last + 1);
  if (isChange(observations.slice(0, first), observations.slice(first + 1))) return observations.slice(first);
  return observations;
}

/** Whether a run of successes cannot be part of the same as the rest. The failure between them is in neither: it set the bound. */
function isChange(run: readonly Observation[], rest: readonly Observation[]): boolean {
  const told = (of: readonly Observation[]): readonly Observation[] => of.filter(({ seen }) => seen.kind !== "late");
  const [length, outcomes] = [told(run).length, told(rest)];
  if (length < MIN_RUN || outcomes.length === 0) return false;
  const share = outcomes.filter(({ seen }) => seen.kind === "failure").length / outcomes.length;
  return (1 - share) ** length < CHANGE_PROBABILITY;
}

/** Counts observations. */
export function summarize(observations: readonly Observation[]): Window {
  const reasons: Partial<Record<Reason, number>> = {};
  const counts = {
    attempts: 0,
    failures: 0,
    timeouts: 0,
    hairpins: 0,
    captured: 0,
    silent: 0,
    undecided: 0,
    heard: 0,
    slow: 0,
    late: 0,
  };
  let exposures: number | undefined = 0;
  let failingSinceMs: number | undefined;
  for (const { startedMs, seen, exposure } of observations) {
    if (seen.kind === "late") {
      counts.late++;
      continue;
    }
    counts.attempts++;
    exposures = exposure === undefined || exposures === undefined ? undefined : exposures + exposure;
    if (seen.isSlow) counts.slow++;
    if (seen.kind === "success") {
      if (seen.isHeard) counts.heard++;
      continue;
    }
    counts.failures++;
    failingSinceMs ??= startedMs;
    reasons[seen.reason] = (reasons[seen.reason] ?? 0) + 1;
    if (!seen.isTimeout) continue;
    counts.timeouts++;
    if (seen.evidence === "silent") counts.silent++;
    else if (seen.evidence === "reset" || seen.evidence === "capture") counts.hairpins++;
    else counts.undecided++;
    if (seen.evidence === "capture") counts.captured++;
  }
  const expected = exposures === undefined || counts.attempts === 0 ? undefined : exposures / counts.attempts;
  return { ...counts, reasons, expected, sinceMs: observations[0]?.startedMs, failingSinceMs };
}
