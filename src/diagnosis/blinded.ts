import { BLINDER_WORDS, type BlindSpot } from "../domain/blind-spot.ts";
import type { Diagnosis } from "../domain/diagnosis.ts";

const NEXT: Readonly<Record<BlindSpot["by"], string>> = {
  proxy:
    "Take the agent's pods out of the mesh: chart and manifests have the labels and annotations for it; docs/blind-spots.md says what beats them.",
  invalid_drop:
    "Take the rule that drops INVALID packets out of the agent's pods, or run them with --evidence capture, which sees packets before any rule: docs/blind-spots.md.",
};

/**
 * What is left of a diagnosis where the agent does not see what other pods see. A proxy makes every connection its own, whatever it
 * looks like. Stray answers that are dropped make hairpins look like a blackhole, and nothing else.
 */
export function withBlindSpots(diagnosis: Diagnosis, blindSpots: readonly BlindSpot[]): Diagnosis {
  const blinder = blindSpots.find(({ by }) => by === "proxy" || diagnosis.cause === "blackhole");
  if (blinder === undefined) return diagnosis;
  const { by, detail } = blinder;
  return { cause: "undecided", confidence: "low", explanation: `${BLINDER_WORDS[by]} ${detail}`, next: NEXT[by] };
}
