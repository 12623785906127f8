import { BLINDER_WORDS, type BlindSpot } from "../domain/blind-spot.ts";
import type { Diagnosis } from "../domain/diagnosis.ts";

/** What is said of a frontend whose attempts a proxy answers: they tell nothing of it, whatever they look like. */
export const behindProxy = ({ by, detail }: BlindSpot): Diagnosis => ({
  cause: "undecided",
  confidence: "low",
  explanation: `${BLINDER_WORDS[by]} ${detail}`,
  next: "Take the agent's pods out of the mesh: chart and manifests have the labels and annotations for it; docs/blind-spots.md says what beats them.",
});
