import type { TargetGroup } from "./target-group.ts";

/**
 * An internal NLB as the agent knows it: what the configuration says, where its listeners are, which pods stand behind it.
 *
 * Whatever the source does not tell is `undefined`, never a guess: an absent zone is unknown, not "the same".
 */

/** What to say on a listener's port. `tcp` says nothing: a port that did not tell what it speaks gets no bytes. */
export const PROTOCOLS = ["tcp", "http", "tls", "https"] as const;
export type Protocol = (typeof PROTOCOLS)[number];

/**
 * Who makes the load balancer: AWS Load Balancer Controller, the cloud provider (in-tree or CCM), EKS Auto Mode, a file of ours
 * (`static`), somebody else's controller (`other`), nobody (`none`); `unknown`: it is an NLB, and not theirs.
 */
export const CONTROLLERS = ["lbc", "ccm", "eks-auto", "static", "other", "none", "unknown"] as const;
export type Controller = (typeof CONTROLLERS)[number];

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
  /** Per port, because every setting of it can be. */
  readonly targetGroup: TargetGroup;
  /** Where the same backends answer without the NLB: the ClusterIP of the Service. Absent where there is no such way. */
  readonly clusterAddress?: { readonly address: string; readonly port: number };
}

/**
 * How far attempts at a listener get. `nlb`: it terminates TLS, so that connect and handshake are the NLB's own, and nothing is asked of
 * the backends: whatever becomes of the leg behind it, the attempt succeeds.
 */
export const REACHES = ["backends", "nlb"] as const;
export type Reach = (typeof REACHES)[number];

export const reachOf = ({ tlsTerminated, protocol }: Pick<Listener, "tlsTerminated" | "protocol">): Reach =>
  tlsTerminated && (protocol === "tcp" || protocol === "tls") ? "nlb" : "backends";

/** What to say on a port that is known to speak this: through a TLS listener HTTP is HTTPS. */
export const spokenOn = (protocol: Protocol, tlsTerminated: boolean): Protocol =>
  tlsTerminated && protocol === "http" ? "https" : protocol;

/** One endpoint behind a Service. */
export interface Backend {
  readonly node: string | undefined;
  readonly zone: string | undefined;
  readonly ready: boolean;
  /** Its pod is not ready, although its Service publishes it as if it were. */
  readonly isPublishedUnready?: true;
}

/** An address that is known without DNS, with its zone. */
export interface StaticAddress {
  readonly address: string;
  readonly zone: string | undefined;
}

/** One internal NLB that is probed: of a Service, of a Gateway (then the name begins with `gateway/`), or of the frontends file. */
export interface NlbService {
  readonly namespace: string;
  readonly name: string;
  readonly controller: Controller;
  /** DNS name of the NLB; `undefined` only where the addresses are given. */
  readonly hostname: string | undefined;
  readonly addresses: readonly StaticAddress[];
  /** Addresses that kube-proxy answers for itself: external IPs of the Service, and VIPs in its status. */
  readonly shortcuts: readonly string[];
  /** DNS answers a client with the addresses of its own zone only, or mostly: what it answers is not all there is. */
  readonly zonalAffinity: boolean;
  readonly listeners: readonly Listener[];
}

/** `namespace/name`: the identity of a Service within a cluster. */
export const serviceKey = (service: { readonly namespace: string; readonly name: string }): string =>
  `${service.namespace}/${service.name}`;

/**
 * Why a Service or a Gateway that was seen is not probed: a closed list, so that it can be a metric label. `foreign_nlb`: it
 * stands behind a load balancer that Kubernetes does not know; `no_route`: no listener of the Gateway has a backend.
 */
export const SKIP_REASONS = [
  "not_nlb",
  "not_internal",
  "pending",
  "no_tcp_port",
  "no_route",
  "opted_out",
  "foreign_nlb",
  "invalid",
] as const;
export type SkipReason = (typeof SKIP_REASONS)[number];
