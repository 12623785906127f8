/**
 * The probability that a fresh connection from this node to a frontend hairpins, as configuration and topology imply.
 * `undefined`: the API does not tell.
 */
export type Exposure = number | undefined;

/**
 * Why no connection hairpins now, although it could: no backend is ready; no node is a target (labels, exclusion); with
 * externalTrafficPolicy Local, no ready backend is on a node that is one; no connection goes to a target group that preserves.
 */
export type IdleReason = "no_ready_backend" | "no_node_registered" | "no_backend_on_target" | "no_weight";

/** The same as a label: whether a hairpin is possible at all. */
export const EXPOSED = ["true", "false", "unknown"] as const;
export type Exposed = (typeof EXPOSED)[number];

/** @returns `unknown` rather than `false` where the API does not tell: silence would look like safety. */
export const exposedLabel = (exposure: Exposure): Exposed =>
  exposure === undefined ? "unknown" : exposure > 0 ? "true" : "false";
