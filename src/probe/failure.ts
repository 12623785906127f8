import type { Discarded, Failure, Phase, PhaseSeconds, Reason } from "../domain/outcome.ts";
import { plain } from "../terminal/text.ts";
import { isOwnShortage, reasonOf } from "./reasons.ts";
import type { StepResult, Steps } from "./steps.ts";

/** Characters of a detail. Those of an error can be the peer's, such as all the names in its certificate. */
const MAX_DETAIL = 300;

/**
 * What a step that did not succeed makes of its attempt.
 *
 * @param ofDeadline - The reason, if the deadline ended it.
 */
export function failureOf(
  phase: Phase,
  result: StepResult,
  ofDeadline: Reason,
  phases: PhaseSeconds,
  seen: Pick<Failure, "localPort" | "certificateExpiry">,
  steps: Steps,
): Failure | Discarded {
  if (result.kind === "shutdown") return { kind: "discarded", why: "shutdown" };
  if (result.kind === "error" && isOwnShortage(result.error)) {
    return { kind: "discarded", why: "shortage", detail: result.error.message };
  }
  const byError = result.kind === "error";
  return {
    kind: "failure",
    reason: byError ? reasonOf(phase, result.error) : ofDeadline,
    phase,
    detail: byError ? sentenceOf(result.error) : `no ${phase === "first_byte" ? "response" : phase} within the timeout`,
    seconds: steps.elapsedMs() / 1000,
    phases,
    ...seen,
  };
}

/** What an error says, on one line: those of OpenSSL end with a line break, and others may quote the peer. */
const sentenceOf = ({ message }: Error): string => plain(message.trim()).slice(0, MAX_DETAIL);
