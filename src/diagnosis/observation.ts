import type { Evidence } from "../domain/evidence.ts";
import type { Exposure } from "../domain/exposure.ts";
import { type Outcome, REASONS, type Reason } from "../domain/outcome.ts";

/** What an attempt showed, as far as a diagnosis asks. */
export type Seen =
  | { readonly kind: "success"; readonly isSlow: boolean; readonly isHeard: boolean }
  | {
      readonly kind: "failure";
      readonly reason: Reason;
      /** It timed out where a hairpin would. */
      readonly isTimeout: boolean;
      /** It had connected before, as late as where a SYN was lost. */
      readonly isSlow: boolean;
      readonly evidence: Evidence["kind"] | undefined;
    }
  | { readonly kind: "late" };

export interface Observation {
  /** When the attempt began, in milliseconds of a monotonic clock. */
  readonly startedMs: number;
  /** What configuration and topology implied then. */
  readonly exposure: Exposure;
  readonly seen: Seen;
}

/**
 * A connect that takes longer had its first SYN or SYN-ACK lost: Linux sends either again after 1 s.
 *
 * @see RFC 6298 section 2.1; TCP_TIMEOUT_INIT in include/net/tcp.h of Linux.
 */
const SLOW_SECONDS = 0.9;

const EVIDENCE = [undefined, "reset", "capture", "silent", "undecided"] as const;

/** Everything that can be seen. Observations are kept by the thousand: each holds an index into this. */
export const SEEN: readonly Seen[] = [
  ...[false, true].flatMap((isSlow) => [false, true].map((isHeard): Seen => ({ kind: "success", isSlow, isHeard }))),
  { kind: "late" },
  ...REASONS.flatMap((reason) =>
    [false, true].flatMap((isTimeout) =>
      [false, true].flatMap((isSlow) =>
        EVIDENCE.map((evidence): Seen => ({ kind: "failure", reason, isTimeout, isSlow, evidence })),
      ),
    ),
  ),
];

/**
 * What an outcome shows.
 *
 * @param tlsTerminated - The NLB completes the connect itself, and a hairpin shows where the response should come (design rule 10).
 * @returns `undefined` for an attempt that says nothing about anyone: it was ended by the shutdown, or did not take place.
 */
export function seenOf(outcome: Outcome, tlsTerminated: boolean): Seen | undefined {
  const isSlow = outcome.kind !== "discarded" && (outcome.phases.connect ?? 0) >= SLOW_SECONDS;
  switch (outcome.kind) {
    case "success": {
      const isHeard = outcome.phases.first_byte !== undefined;
      return found((seen) => seen.kind === "success" && seen.isSlow === isSlow && seen.isHeard === isHeard);
    }
    case "discarded":
      return outcome.why === "late" ? found((seen) => seen.kind === "late") : undefined;
    case "failure": {
      const { reason, evidence } = outcome;
      const isTimeout = reason === "connect_timeout" || (tlsTerminated && reason === "response_timeout");
      return found(
        (seen) =>
          seen.kind === "failure" &&
          seen.reason === reason &&
          seen.isTimeout === isTimeout &&
          seen.isSlow === isSlow &&
          seen.evidence === evidence?.kind,
      );
    }
  }
}

const found = (is: (seen: Seen) => boolean): Seen | undefined => SEEN.find(is);

/** Failures of attempts that somebody answered: a network that lets nothing through makes none of these. */
const ANSWERED: ReadonlySet<Reason> = new Set([
  "connect_refused",
  "connect_reset",
  "tls_error",
  "response_timeout",
  "connection_lost",
  "http_error",
]);

/** Whether anything at all came back. */
export const isAnswered = (outcome: Outcome): boolean =>
  outcome.kind === "success" || (outcome.kind === "failure" && ANSWERED.has(outcome.reason));
