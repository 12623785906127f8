/**
 * What can be unlike the lab's own network between the agents' pods and the VPC, as data: see docs/blind-spots.md. Each is made of what
 * real ones are made of, in every agent's pod or on every node.
 */
export type Environment =
  /** A sidecar: all that the agent's pod connects to is redirected to a proxy in it. */
  | { readonly kind: "mesh" }
  /** A firewall in the agent's pod that drops what connection tracking calls INVALID. */
  | { readonly kind: "invalid_drop" }
  /** The node wants packets to come in by the interface by which it would answer. */
  | { readonly kind: "strict_rp_filter" }
  /** A network policy that lets the metrics port be reached, decided at the pod's interface from what the pod sent. */
  | { readonly kind: "policy"; readonly letsStrayAnswersIn: boolean }
  /** Somebody in the VPC sends SYNs to closed ports of the agents' pods. */
  | { readonly kind: "scanner"; readonly perSecond: number }
  /** The agents' pods have branch interfaces in strict mode: whatever they send or get passes the VPC. */
  | { readonly kind: "branch_eni" }
  /** Pods send by a second interface of their node; connections by NodePort are marked, so that their answers leave by the first. */
  | { readonly kind: "secondary_eni" }
  /** What an agent's pod sends takes so long to leave its node: answers come as much later, stray ones, too. */
  | { readonly kind: "rtt"; readonly ms: number };

/** Text for a tool's standard input, in the namespace of a node, a pod or the VPC. */
export interface Change {
  readonly place: string;
  readonly tool: "nft" | "ip";
  readonly text: string;
}

/** A kernel setting, by its path under /proc/sys. */
export interface Setting {
  readonly place: string;
  readonly path: string;
  readonly value: number;
}

/** A program that runs while the environment is on; it has begun its work when it has said a line. */
export interface Program {
  readonly place: string;
  readonly name: "sidecar.ts" | "scanner.ts" | "delay.py";
  readonly args: readonly string[];
}

export interface EnvironmentPlan {
  readonly changes: readonly Change[];
  readonly settings: readonly Setting[];
  readonly programs: readonly Program[];
  /** What takes the changes back. */
  readonly undo: readonly Change[];
  readonly settingsBefore: readonly Setting[];
}
