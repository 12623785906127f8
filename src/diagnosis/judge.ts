import { attemptsToRuleOut, expectedCounts } from "../domain/binomial.ts";
import type { Cause, Confidence } from "../domain/diagnosis.ts";
import type { Window } from "../domain/window.ts";
import type { DiagnosisInput } from "./input.ts";
import { losesPackets } from "./loss.ts";

export interface Judgement {
  readonly cause: Cause;
  readonly confidence: Confidence;
}

/** With fewer attempts nothing is said, unless there is evidence. */
export const MIN_ATTEMPTS = 3;
/** What a frontend that does not hairpin is said not to do: this share would have been seen. */
export const UNSEEN_SHARE = 0.05;
/** Chance of missing what is said not to be there. */
export const MISS = 0.05;
/** A share that is as expected is called something else once in a thousand windows. */
const ALPHA = 0.001;
/** An attribution in a hundred may be wrong: this part of the timeouts that were decided must agree. */
const MIN_EVIDENCE_SHARE = 0.1;

/**
 * What is wrong with a frontend, or that nothing is.
 *
 * Evidence decides; where there is none the share, the other zones and the way past the NLB do. A failure among many successes
 * is no fault yet, one with evidence is.
 */
export function judge(input: DiagnosisInput): Judgement {
  const { window, control } = input;
  const { attempts, failures, late } = window;
  if (late >= MIN_ATTEMPTS && late >= attempts) return { cause: "prober_starved", confidence: "high" };
  if (isEvident(input)) return { cause: "hairpin", confidence: window.hairpins > 1 ? "high" : "medium" };
  if (attempts === 0) return { cause: "undecided", confidence: "low" };
  if (failures === 0 || (failures === 1 && attempts >= 20)) return withoutFailures(input);
  if (failures === 1) return { cause: "undecided", confidence: "low" };
  if (losesPackets(window)) return { cause: "packet_loss", confidence: window.slow >= 3 ? "high" : "medium" };
  if (areBackendsDown(window, control)) {
    // The way past the NLB shares every fault of this pod's own network.
    if (!isReached(input)) return { cause: "backend_down", confidence: "low" };
    return { cause: "backend_down", confidence: (control?.attempts ?? 0) >= MIN_ATTEMPTS ? "high" : "medium" };
  }
  const isCertain: Confidence = isFine(control) ? "high" : "medium";
  switch (mainFault(window)) {
    case "timeout":
      return ofTimeouts(input);
    case "refused":
      return { cause: "refused", confidence: isCertain };
    case "dns":
      return { cause: "dns_error", confidence: "high" };
    case "unreachable":
      return { cause: "unreachable", confidence: "high" };
    case "blocked":
      return { cause: "undecided", confidence: "low" };
    case "application":
      return { cause: "application_error", confidence: isCertain };
  }
}

/** One conviction is enough, but not where the configuration rules it out, nor one among many timeouts that were cleared. */
function isEvident({ window: { hairpins, silent }, exposure }: DiagnosisInput): boolean {
  const needed = exposure === 0 ? 2 : 1;
  return hairpins >= needed && hairpins / (hairpins + silent) >= MIN_EVIDENCE_SHARE;
}

/** How many attempts without a failure it takes to say that a frontend does not hairpin. */
export const attemptsNeeded = ({ window, exposure }: Pick<DiagnosisInput, "window" | "exposure">): number => {
  const share = window.expected ?? exposure ?? UNSEEN_SHARE;
  return share === 0 ? MIN_ATTEMPTS : attemptsToRuleOut(Math.max(share, UNSEEN_SHARE), MISS);
};

/** Whether a share would have shown in so many attempts. */
export const isRuledOut = (share: number, attempts: number): boolean => share === 0 || attempts >= attemptsToRuleOut(share, MISS);

function withoutFailures(input: DiagnosisInput): Judgement {
  const { window, exposure } = input;
  const { attempts, slow } = window;
  if (slow >= 3 || (slow === 2 && slow / attempts >= UNSEEN_SHARE)) {
    return { cause: "packet_loss", confidence: slow >= 3 ? "high" : "medium" };
  }
  if (input.endsAtNlb !== undefined && window.heard < attempts - window.failures) return ofNlbAlone(input);
  if (attempts < attemptsNeeded(input)) return { cause: "undecided", confidence: "low" };
  const share = window.expected ?? exposure;
  if (share === undefined) return { cause: "healthy", confidence: "medium" };
  // So small a share shows only over many nodes.
  return { cause: "healthy", confidence: isRuledOut(share, attempts) ? "high" : "low" };
}

/** Whether anything at all answered this pod since the frontend began to fail. */
export const isReached = ({ window: { failingSinceMs }, answeredMs }: DiagnosisInput): boolean =>
  answeredMs !== undefined && (failingSinceMs === undefined || answeredMs > failingSinceMs);

/** Nothing failed that could: the NLB answers for itself, and only the way past it tells of the backends. */
function ofNlbAlone({ control }: DiagnosisInput): Judgement {
  const areDown = control !== undefined && control.failures > 1 && !isFine(control);
  return areDown ? { cause: "backend_down", confidence: "medium" } : { cause: "unmeasured", confidence: "high" };
}

/** Whether what was tried there can be called fine. */
export const isFine = (window: Window | undefined): boolean =>
  window !== undefined && window.attempts > 1 && window.failures / window.attempts <= UNSEEN_SHARE;

/** The same share of attempts, or nearly, fails past the NLB as well. */
function areBackendsDown(window: Window, control: Window | undefined): boolean {
  if (control === undefined || control.failures < 2) return false;
  return control.failures / control.attempts >= window.failures / window.attempts / 3;
}

type Fault = "timeout" | "refused" | "dns" | "unreachable" | "blocked" | "application";

/** What most failures are. */
function mainFault({ reasons, failures, timeouts }: Window): Fault {
  const of = (reason: keyof Window["reasons"]): number => reasons[reason] ?? 0;
  const counts: Readonly<Record<Exclude<Fault, "application">, number>> = {
    timeout: timeouts,
    refused: of("connect_refused"),
    dns: of("dns_error"),
    unreachable: of("unreachable"),
    blocked: of("not_internal"),
  };
  const rest = failures - Object.values(counts).reduce((sum, count) => sum + count, 0);
  const all: readonly (readonly [Fault, number])[] = [
    ...(Object.entries(counts) as [Exclude<Fault, "application">, number][]),
    ["application", rest],
  ];
  return all.reduce((main, other) => (other[1] > main[1] ? other : main))[0];
}

function ofTimeouts(input: DiagnosisInput): Judgement {
  const { window, exposure, control } = input;
  const { attempts, timeouts, silent } = window;
  if (silent >= 2 && silent * 2 > timeouts) {
    return { cause: "blackhole", confidence: timeouts === attempts && isFine(control) ? "high" : "medium" };
  }
  // Behind a TLS listener a hairpin is a response that does not come: a connect that times out never came to the NLB.
  const canBeHairpins = !input.tlsTerminated || window.reasons.response_timeout !== undefined;
  if (canBeHairpins && isAsExpected(input)) return { cause: "hairpin", confidence: isDifferential(input) ? "medium" : "low" };
  if (exposure === 0 || !canBeHairpins) return { cause: "blackhole", confidence: "low" };
  return { cause: "undecided", confidence: "low" };
}

/** Whether the share of timeouts is what configuration and topology imply. Where that is all of them a drop looks the same. */
function isAsExpected({ window: { attempts, timeouts, expected } }: DiagnosisInput): boolean {
  if (expected === undefined || expected === 0 || expected > 0.99 || attempts < MIN_ATTEMPTS) return false;
  const { low, high } = expectedCounts(attempts, expected, ALPHA);
  return timeouts >= low && timeouts <= high;
}

/** Whether what cannot hairpin does not fail: the frontends of other zones, and the way past the NLB. */
function isDifferential({ others, control }: DiagnosisInput): boolean {
  const innocent = others.filter(({ expected }) => expected === 0);
  return innocent.length > 0 && innocent.every(isFine) && isFine(control);
}
