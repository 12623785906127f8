/**
 * What stands behind one port of an NLB: the part of its configuration that decides whether a connection can hairpin.
 *
 * Whatever the source does not tell is `undefined`, never a guess.
 */

/** What the NLB forwards to: `node:nodePort` (instance) or `pod:port` (ip). */
export const TARGET_TYPES = ["instance", "ip"] as const;
export type TargetType = (typeof TARGET_TYPES)[number];

/**
 * Where a setting's value comes from. `forced`: AWS allows no other. `ignored`: an annotation asks for something else, and the
 * controller does not honour it.
 */
export type Origin = "default" | "explicit" | "forced" | "ignored" | "unknown";

/** A switch of the NLB, and how we know. `undefined`: the Kubernetes API alone cannot tell. */
export interface Switch {
  readonly enabled: boolean | undefined;
  readonly origin: Origin;
}

export const UNKNOWN_SWITCH: Switch = { enabled: undefined, origin: "unknown" };

/** Labels that a node must have, with their values; `undefined`: with whatever value. */
export type NodeSelector = ReadonlyMap<string, string | undefined>;

/** Another target group that a listener forwards to, besides its own. */
export interface Sibling {
  /** Share of the listener's connections that it gets, as `TargetGroup.weight`. */
  readonly weight: number | undefined;
  /** Of the Service behind it; `undefined` as the group. */
  readonly port: number | undefined;
  /** `undefined`: nothing is known of it but its name in AWS. */
  readonly targetGroup: TargetGroup | undefined;
  /** The same pods stand behind it as behind the listener's own. */
  readonly hasSameBackends: boolean;
}

export interface TargetGroup {
  readonly targetType: TargetType | undefined;
  /** Whether targets see the client's address: the condition of every hairpin. */
  readonly preserveClientIp: Switch;
  /** Whether each zonal address forwards to the targets of all zones. */
  readonly crossZone: Switch;
  /** With `Local`, instances without a ready pod of their own fail the health check. It does not matter to pods. */
  readonly externalTrafficPolicy: "Cluster" | "Local";
  /** A client address always gets the same target: its connections then hairpin all, or none. */
  readonly stickiness: boolean;
  /**
   * Labels that a node must have to be registered; instances only. Empty: every node; `undefined`: a selector that says more than
   * labels can.
   */
  readonly nodeSelector: NodeSelector | undefined;
  /** Other clusters register targets here, too; how many is not known. */
  readonly multiCluster: boolean;
  /** Share of the listener's connections that this group gets, 0 to 1; `undefined`: several groups, and it is not known. */
  readonly weight: number | undefined;
  /** A TargetGroupBinding tells target type, node selector and family: they are what there is, whatever is asked for. */
  readonly isBound?: true;
  /** The other groups that the listener forwards to, where they are known. */
  readonly siblings?: readonly Sibling[];
  /** Family of the targets' addresses; `undefined`: not known. A client of the other family is never preserved. */
  readonly ipFamily: 4 | 6 | undefined;
}

/** A target group of which only the target type is known, with AWS's defaults for TCP, and nothing special. */
export function defaultTargetGroup(targetType: TargetType | undefined): TargetGroup {
  return {
    targetType,
    preserveClientIp: targetType === undefined ? UNKNOWN_SWITCH : { enabled: targetType === "instance", origin: "default" },
    crossZone: { enabled: false, origin: "default" },
    externalTrafficPolicy: "Cluster",
    stickiness: false,
    nodeSelector: new Map(),
    multiCluster: false,
    weight: 1,
    ipFamily: 4,
  };
}
