import type { DiagnosisInput } from "../../src/diagnosis/input.ts";
import type { Window } from "../../src/domain/window.ts";

/** Builders of what a diagnosis is made from: nothing but successes, with what matters to a test on top. */
export const windowOf = (given: Partial<Window> = {}): Window => {
  const timeouts = given.timeouts ?? (given.hairpins ?? 0) + (given.silent ?? 0) + (given.undecided ?? 0);
  const reasons = given.reasons ?? (timeouts > 0 ? { connect_timeout: timeouts } : {});
  const failures = Object.values(reasons).reduce((sum, count) => sum + count, 0);
  return {
    attempts: 100,
    hairpins: 0,
    silent: 0,
    undecided: 0,
    captured: 0,
    heard: 0,
    slow: 0,
    late: 0,
    expected: 0,
    sinceMs: 0,
    failingSinceMs: failures > 0 ? 0 : undefined,
    ...given,
    timeouts,
    reasons,
    failures,
  };
};

export const inputOf = ({
  window,
  ...given
}: Partial<Omit<DiagnosisInput, "window">> & { readonly window?: Partial<Window> } = {}): DiagnosisInput => ({
  exposure: window !== undefined && "expected" in window ? window.expected : 0,
  preservesClientIp: true,
  withdrawn: false,
  tlsTerminated: false,
  targetType: "instance",
  // Something else was reached meanwhile.
  answeredMs: 1,
  evidence: "counters",
  control: undefined,
  others: [],
  ...given,
  window: windowOf(window),
});
