/**
 * What keeps an agent from seeing what other pods see, as far as it can tell by itself: a closed list. docs/blind-spots.md has those that it
 * cannot tell, too.
 */
export const BLINDERS = ["proxy", "invalid_drop"] as const;
export type Blinder = (typeof BLINDERS)[number];

/** One that was found. */
export interface BlindSpot {
  readonly by: Blinder;
  /** What was seen, in one sentence. */
  readonly detail: string;
}

/** What it means for what the agent says. */
export const BLINDER_WORDS: Readonly<Record<Blinder, string>> = {
  proxy:
    "A proxy in the agent's own pod, such as a service mesh's sidecar, answers its connections: whether those of the proxy hairpin is not seen.",
  invalid_drop: "A firewall in the agent's own pod drops the stray answers of hairpins: they look like silent drops.",
};
