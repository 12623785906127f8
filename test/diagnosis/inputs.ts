import { type Arbitrary, array, constant, constantFrom, integer, nat, option, record } from "fast-check";
import type { DiagnosisInput } from "../../src/diagnosis/input.ts";
import { type Observation, SEEN, type Seen } from "../../src/diagnosis/observation.ts";
import { summarize } from "../../src/diagnosis/summarize.ts";
import type { EvidenceLevel } from "../../src/domain/evidence.ts";
import { REASONS } from "../../src/domain/outcome.ts";
import type { Window } from "../../src/domain/window.ts";

/** What a diagnosis can be asked: windows that are counted from attempts, not made up, so that their counts agree with each other. */

/** What an attempt can show, by the level of evidence. */
const canBeSeen = (level: EvidenceLevel, tlsTerminated: boolean, seen: Seen): boolean => {
  if (seen.kind !== "failure") return true;
  const { reason, isTimeout, isSlow, evidence } = seen;
  if (isTimeout !== (reason === "connect_timeout" || (tlsTerminated && reason === "response_timeout"))) return false;
  const connected = ["tls_error", "response_timeout", "connection_lost", "http_error"].includes(reason);
  if (isSlow && !connected) return false;
  if (reason !== "connect_timeout" || level === "off") return evidence === undefined;
  return evidence !== undefined && (evidence !== "capture" || level === "capture");
};

const expected = constantFrom(undefined, 0, 0.01, 0.3, 0.3, 1);

const observed = (level: EvidenceLevel, tlsTerminated: boolean): Arbitrary<Window> => {
  const all = SEEN.filter((seen) => canBeSeen(level, tlsTerminated, seen));
  const timeouts = all.filter((seen) => seen.kind === "failure" && seen.isTimeout);
  const fine = all.filter((seen) => seen.kind === "success" && !seen.isSlow);
  const slow = all.filter((seen) => seen.kind === "success" && seen.isSlow);
  const late = all.filter((seen) => seen.kind === "late");
  const some = (seen: Arbitrary<Seen>, most: number) => record({ seen, count: nat(most) });
  const kinds = [
    some(constantFrom(...fine), 80),
    some(constantFrom(...fine, ...slow), 20),
    some(constantFrom(...fine, ...fine, ...late), 30),
    some(constantFrom(...timeouts, ...fine), 40),
    some(constantFrom(...timeouts, ...fine), 6),
    some(
      constantFrom(...REASONS).chain((reason) =>
        constantFrom(...all.filter((seen) => seen.kind !== "failure" || seen.reason === reason)),
      ),
      20,
    ),
  ];
  return record({
    // Often a kind or two alone.
    groups: array(constantFrom(...kinds), { minLength: 0, maxLength: 4 }).chain((chosen) => {
      return record(Object.fromEntries(chosen.map((kind, i) => [String(i), kind])));
    }),
    exposure: expected,
  }).map(({ groups, exposure }) => {
    const seen = Object.values(groups).flatMap((group) => Array.from({ length: group.count }, () => group.seen));
    return summarize(seen.map((each, i): Observation => ({ startedMs: i, exposure, seen: each })));
  });
};

export const inputs: Arbitrary<DiagnosisInput> = record({
  evidence: constantFrom<EvidenceLevel>("counters", "capture", "off"),
  tlsTerminated: constantFrom(false, false, true),
}).chain(({ evidence, tlsTerminated }) => {
  const window = observed(evidence, tlsTerminated);
  return record({
    window,
    control: option(observed(evidence, false), { nil: undefined }),
    others: array(window, { maxLength: 2 }),
    exposure: expected,
    preservesClientIp: constantFrom(true, false, undefined),
    withdrawn: constantFrom(false, false, true),
    targetType: constantFrom("instance" as const, "ip" as const, undefined),
    answeredMs: option(integer({ min: 0, max: 100 }), { nil: undefined }),
    endsAtNlb: tlsTerminated ? option(constant({ port: 443, isInFile: false }), { nil: undefined }) : constant(undefined),
  }).map((rest) => ({ ...rest, evidence, tlsTerminated }));
});
