/**
 * An internal NLB as the agent knows it: what the configuration says, where its listeners are, which pods stand behind it.
 *
 * Whatever the source does not tell is `undefined`, never a guess: an absent zone is unknown, not "the same".
 */

/** What to say on a listener's port. `tcp` says nothing: a port that did not tell what it speaks gets no bytes. */
export const PROTOCOLS = ["tcp", "http", "tls", "https"] as const;
export type Protocol = (typeof PROTOCOLS)[number];

/** Who made the NLB: AWS Load Balancer Controller, the cloud provider (in-tree or CCM), EKS Auto Mode, or a file of ours. */
export const CONTROLLERS = ["lbc", "ccm", "eks-auto", "static", "unknown"] as const;
export type Controller = (typeof CONTROLLERS)[number];

/** What the NLB forwards to: `node:nodePort` (instance) or `pod:port` (ip). */
export type TargetType = "instance" | "ip";

/** Where a setting's value comes from. `ignored`: an annotation is there, and the controller does not honour it. */
export type Origin = "default" | "explicit" | "forced" | "ignored" | "unknown";

/** A switch of the NLB, and how we know. `undefined`: the Service alone cannot tell. */
export interface Switch {
  readonly enabled: boolean | undefined;
  readonly origin: Origin;
}

export interface Listener {
  /** The port of the NLB: a Service's `spec.ports[].port`. */
  readonly port: number;
  /** The name of the Service port; "" when it has none. EndpointSlices know their ports by it. */
  readonly name: string;
  readonly protocol: Protocol;
  /** Path for `http` and `https`. */
  readonly path: string;
  /** The NLB terminates TLS itself, so that a connect says nothing about the leg to the backend (design rule 10). */
  readonly tlsTerminated: boolean;
  /** Per port, because the attribute can be set per port. */
  readonly preserveClientIp: Switch;
}

/** One endpoint behind a Service. */
export interface Backend {
  readonly node: string | undefined;
  readonly zone: string | undefined;
  readonly ready: boolean;
}

/** An address that is known without DNS, with its zone. */
export interface StaticAddress {
  readonly address: string;
  readonly zone: string | undefined;
}

/** One internal NLB: in Kubernetes a Service of type LoadBalancer, or an entry of the frontends file. */
export interface NlbService {
  readonly namespace: string;
  readonly name: string;
  readonly controller: Controller;
  /** DNS name of the NLB; `undefined` only where the addresses are given. */
  readonly hostname: string | undefined;
  readonly addresses: readonly StaticAddress[];
  readonly targetType: TargetType | undefined;
  readonly crossZone: Switch;
  readonly externalTrafficPolicy: "Cluster" | "Local";
  readonly listeners: readonly Listener[];
}

/** `namespace/name`: the identity of a Service within a cluster. */
export const serviceKey = (service: { readonly namespace: string; readonly name: string }): string =>
  `${service.namespace}/${service.name}`;

/** Why a Service that was seen is not probed: a closed list, so that it can be a metric label. */
export const SKIP_REASONS = ["not_nlb", "not_internal", "pending", "no_tcp_port", "opted_out", "invalid"] as const;
export type SkipReason = (typeof SKIP_REASONS)[number];
