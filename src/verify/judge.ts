import { type Arms, armsOf, otherFailuresOf, rose } from "./arms.ts";
import { guardsOf } from "./guards.ts";
import type { Observation } from "./observation.ts";
import { ifUnfixed, type Looks, MAX_CHANCE, type Unfixed } from "./unfixed.ts";

export const VERDICTS = ["fixed", "not_fixed", "inconclusive"] as const;
export type Verdict = (typeof VERDICTS)[number];

export interface Judgement {
  readonly verdict: Verdict;
  /** Why: sentences, the decisive one first. */
  readonly because: readonly string[];
  readonly arms: Arms;
  readonly unfixed: Unfixed | undefined;
  /** Whether waiting for more data could still change the verdict. */
  readonly isFinal: boolean;
  /** Seconds until there are enough attempts at the present rate; `undefined`: more of them would not help. */
  readonly secondsNeeded: number | undefined;
}

/** An attribution in a hundred may be wrong: one proved hairpin among thousands of attempts is no proof that it goes on. */
const MIN_HAIRPINS = 2;
const ONE_HAIRPIN =
  "One connection hairpinned since the change, by evidence. One alone may have begun before the change, or be taken for one: look again at a later span, with a longer --settle.";
/** So many expected timeouts tell a share that held from one that did not. */
const MIN_EXPECTED = 7;
/** A silence that is at least so probable is no sign of a change. */
const USUAL_CHANCE = 0.05;

/**
 * Says whether the hairpin is gone.
 *
 * `fixed`: had nothing changed, so few timeouts would have had a chance below 0.001; no hairpin is proved any more; nothing else got
 * worse; and there is nothing that makes the two spans incomparable. `not_fixed`: more than one hairpin is proved, the share is as it was,
 * or other failures took the timeouts' place. `inconclusive`: neither, with what is missing.
 */
export function judge(before: Observation, after: Observation, looks: Looks = "once"): Judgement {
  const arms = armsOf(before, after);
  const unfixed = ifUnfixed(before, after, looks);
  const { blocking, notes } = guardsOf(before, after, arms);
  const common = { arms, unfixed, secondsNeeded: secondsNeeded(after, arms, unfixed) };

  const goesOn = whatGoesOn(arms, unfixed, after);
  if (goesOn.length > 0) return { ...common, verdict: "not_fixed", isFinal: true, because: [...goesOn, ...notes] };
  if (blocking.length > 0 || unfixed === undefined) {
    const because = [...blocking.map(({ sentence }) => sentence), ...notes];
    const isFinal = blocking.some(({ passes }) => !passes);
    return { ...common, verdict: "inconclusive", isFinal, because, secondsNeeded: undefined };
  }
  const isSilent = unfixed.chance < MAX_CHANCE;
  if (isSilent && arms.exposed.after.hairpins === 0) {
    const { timeouts, attempts } = arms.exposed.after;
    const decisive = `Had nothing changed, about ${rounded(unfixed.expected)} of ${attempts} attempts would have timed out; ${timeouts} did. The chance of so few is below ${MAX_CHANCE}.`;
    return { ...common, verdict: "fixed", isFinal: true, because: [decisive, ...notes], secondsNeeded: undefined };
  }
  if (isSilent && arms.exposed.after.hairpins > 0)
    return { ...common, verdict: "inconclusive", isFinal: true, because: [ONE_HAIRPIN, ...notes], secondsNeeded: undefined };
  const { attempts } = arms.exposed.after;
  const missing =
    arms.exposed.after.timeouts === 0
      ? `${attempts} attempts since the change are too few: it takes ${unfixed.attemptsNeeded} without a timeout to rule out that nothing changed.`
      : `${arms.exposed.after.timeouts} of ${attempts} attempts timed out since the change: fewer than before, and too many to call it gone.`;
  return { ...common, verdict: "inconclusive", isFinal: false, because: [missing, ...notes] };
}

/** Signs that it is not fixed; each is enough. */
function whatGoesOn({ exposed }: Arms, unfixed: Unfixed | undefined, after: Observation): readonly string[] {
  const signs: string[] = [];
  if (exposed.after.hairpins >= MIN_HAIRPINS) {
    const isSaidToBeOff = after.configurations.some(({ preserveClientIp }) => preserveClientIp === "false");
    signs.push(`${exposed.after.hairpins} connections hairpinned since the change, by evidence.`);
    if (isSaidToBeOff) {
      signs.push(
        "The configuration says that client IP preservation is off. Likely: the controller does not read this annotation, or failed to reconcile (see the Service's events); an annotation for single ports overrides it; UDP on the same port forces it on.",
      );
    }
  } else if (unfixed !== undefined && unfixed.expected >= MIN_EXPECTED && unfixed.chance >= USUAL_CHANCE) {
    signs.push(
      `${exposed.after.timeouts} of ${exposed.after.attempts} attempts timed out since the change; as many as if nothing had changed.`,
    );
  }
  if (rose(exposed, otherFailuresOf)) {
    const { otherFailures, attempts } = exposed.after;
    signs.push(
      `${otherFailures} of ${attempts} attempts fail in other ways since the change: other failures took the timeouts' place.`,
    );
  }
  return signs;
}

/** At the rate at which the span after the change collected attempts. */
function secondsNeeded({ span }: Observation, { exposed }: Arms, unfixed: Unfixed | undefined): number | undefined {
  const { attempts, timeouts } = exposed.after;
  if (unfixed === undefined || attempts === 0 || timeouts > 0) return undefined;
  const perSecond = attempts / ((span.endMs - span.startMs) / 1000);
  return Math.max(0, Math.ceil((unfixed.attemptsNeeded - attempts) / perSecond));
}

const rounded = (value: number): string => (value < 10 ? value.toFixed(1) : value.toFixed(0));
