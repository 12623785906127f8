/**
 * The probability that a fresh connection from this node to a frontend hairpins, as configuration and topology imply.
 * `undefined`: the API does not tell.
 */
export type Exposure = number | undefined;

/** The same as a label: whether a hairpin is possible at all. */
export const EXPOSED = ["true", "false", "unknown"] as const;
export type Exposed = (typeof EXPOSED)[number];

/** @returns `unknown` rather than `false` where the API does not tell: silence would look like safety. */
export const exposedLabel = (exposure: Exposure): Exposed =>
  exposure === undefined ? "unknown" : exposure > 0 ? "true" : "false";
