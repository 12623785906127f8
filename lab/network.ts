/**
 * What the lab's data planes must do at one moment, as data: the node's kube-proxy, the NLB, and the faults that are switched
 * on. `cluster/` makes it from Kubernetes objects; `rules/` renders it as nftables text.
 */

/** Where kube-proxy sends a connection: one ready endpoint of a Service port. */
export interface Endpoint {
  readonly node: string;
  readonly address: string;
  readonly port: number;
}

/** One Service port as kube-proxy sees it. The same on every node, but for policy Local. */
export interface ServicePort {
  /** `namespace/name:port`. */
  readonly id: string;
  readonly clusterIp: string;
  readonly port: number;
  readonly nodePort: number;
  readonly externalTrafficPolicy: "Cluster" | "Local";
  readonly endpoints: readonly Endpoint[];
}

/** A registered, healthy target of an NLB listener: node:nodePort or pod:port. */
export interface RegisteredTarget {
  readonly zone: string;
  readonly node: string;
  readonly address: string;
  readonly port: number;
}

/** One listener of one NLB. */
export interface NlbListener {
  /** `namespace/name:port`. */
  readonly id: string;
  readonly addresses: readonly { readonly zone: string; readonly address: string }[];
  readonly port: number;
  readonly crossZone: boolean;
  readonly preserveClientIp: boolean;
  /** It completes connect and TLS handshake by itself, and opens a connection of its own to a target. */
  readonly tlsTerminated?: true;
  readonly targets: readonly RegisteredTarget[];
}

/** What goes wrong in the VPC, on top of what the NLB's configuration does. */
export type Fault =
  /** As a security group does: every new connection to this address is dropped without a word. */
  | { readonly kind: "silent_drop"; readonly address: string }
  /** Each SYN into the VPC is lost with this probability (0 to 1). */
  | { readonly kind: "syn_loss"; readonly share: number }
  /** As a target on whose port nothing listens: every new connection to this address is reset. */
  | { readonly kind: "refuse"; readonly address: string }
  /** A router answers with ICMP host unreachable. */
  | { readonly kind: "icmp_unreachable"; readonly address: string };

export interface Network {
  readonly servicePorts: readonly ServicePort[];
  readonly listeners: readonly NlbListener[];
  readonly faults: readonly Fault[];
}
