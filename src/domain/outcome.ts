import type { Evidence } from "./evidence.ts";

/**
 * What one attempt showed.
 *
 * A failed attempt is data, never an exception. An attempt that says nothing about the network (the agent was late, or is
 * shutting down) is neither success nor failure: it is discarded, and counted apart.
 */

/** Why an attempt failed: a closed list, so that it can be a metric label. */
export const REASONS = [
  "dns_error",
  "connect_timeout",
  "connect_refused",
  "connect_reset",
  "unreachable",
  "tls_error",
  "response_timeout",
  "connection_lost",
  "http_error",
  "not_internal",
  "other",
] as const;
export type Reason = (typeof REASONS)[number];

/** The steps of an attempt, in the order in which they run. */
export const PHASES = ["dns", "connect", "tls", "first_byte"] as const;
export type Phase = (typeof PHASES)[number];

/**
 * Why an attempt was discarded: its events were read too late to be believed, the agent is shutting down, the bound on attempts in
 * flight left no room for it, or the agent's own host had no file descriptor, source port or memory left for it.
 */
export const DISCARD_CAUSES = ["late", "shutdown", "over_budget", "shortage"] as const;
export type DiscardCause = (typeof DISCARD_CAUSES)[number];

/** Seconds that each phase took. A phase that did not run, or did not end, has no entry. */
export type PhaseSeconds = { readonly [phase in Phase]?: number };

export interface Success {
  readonly kind: "success";
  readonly phases: PhaseSeconds;
  /** Unix time in seconds at which the first certificate of the chain that the peer showed expires; TLS only. */
  readonly certificateExpiry?: number;
}

export interface Failure {
  readonly kind: "failure";
  readonly reason: Reason;
  /** The phase in which it failed. */
  readonly phase: Phase;
  /** One sentence for the log; never a label. */
  readonly detail: string;
  /** Seconds from the start of the attempt to the failure. */
  readonly seconds: number;
  readonly phases: PhaseSeconds;
  /** As on a success: the handshake may have shown it before the attempt failed. */
  readonly certificateExpiry?: number;
  readonly localPort?: number;
  /** Why a connect timed out; absent on other failures, and where nobody looks. */
  readonly evidence?: Evidence;
}

export interface Discarded {
  readonly kind: "discarded";
  readonly why: DiscardCause;
  /** One sentence for the log, where there is more to say. */
  readonly detail?: string;
}

export type Outcome = Success | Failure | Discarded;
