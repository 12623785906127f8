import type { Reason } from "./outcome.ts";
import type { Reach } from "./service.ts";

/** What the last attempts at one frontend showed, counted. */
export interface Window {
  /** Those that gave an outcome. */
  readonly attempts: number;
  readonly failures: number;
  /** Attempts that timed out where a hairpin would: at the connect, behind a TLS listener also at the response. */
  readonly timeouts: number;
  /** Of the timeouts those with evidence of a hairpin, those without any answer, and those that cannot be told. */
  readonly hairpins: number;
  readonly silent: number;
  readonly undecided: number;
  /** Successes in which a backend was heard: it answered, or spoke first. */
  readonly heard: number;
  /** Of the hairpins those of which a capture saw the stray answer itself. */
  readonly captured: number;
  /** Connections that came about as late as one or more lost SYNs make it, whatever came of them then. */
  readonly slow: number;
  /** Attempts that were discarded because this agent was late. */
  readonly late: number;
  /** Only reasons that occurred. */
  readonly reasons: Readonly<Partial<Record<Reason, number>>>;
  /** Mean share that configuration and topology implied at each attempt; `undefined`: it was not known of some. */
  readonly expected: number | undefined;
  /** When the oldest of these attempts began, in milliseconds of the clock that they were timed with; `undefined`: there is none. */
  readonly sinceMs: number | undefined;
  /** When the oldest one that failed began; `undefined`: there is none. */
  readonly failingSinceMs: number | undefined;
}

/**
 * The share of attempts that timed out.
 *
 * @returns `undefined` where there is none: without an attempt, and where attempts end at the NLB, none of which timed out on the way to it.
 */
export const timeoutShare = (
  { attempts, failures, timeouts, heard }: Pick<Window, "attempts" | "failures" | "timeouts" | "heard">,
  reach: Reach,
): number | undefined =>
  attempts === 0 || (reach === "nlb" && timeouts === 0 && heard < attempts - failures) ? undefined : timeouts / attempts;
