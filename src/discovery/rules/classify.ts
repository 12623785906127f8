import { type LoadBalancer, portsInForce } from "../../domain/load-balancer.ts";
import type { NlbService, SkipReason } from "../../domain/service.ts";
import { OWN_ANNOTATIONS, type ReadAnnotations } from "../objects/annotations.ts";
import type { ServiceObject, ServicePort } from "../objects/service-object.ts";
import { shown } from "../problems.ts";
import { isDnsName, shapeOf } from "./hostname.ts";
import { listenersOf, tcpPortsOf } from "./listeners.ts";
import { loadBalancerOf, type Surroundings } from "./load-balancer.ts";
import { readProbe, readWishes, WishError, type Wishes } from "./own-annotations.ts";

/** What a Service is to us: an internal NLB with its listeners, or not, and why. */
export type Classification =
  | { readonly kind: "nlb"; readonly service: NlbService }
  | { readonly kind: "skipped"; readonly reason: SkipReason; readonly detail: string };

export const skipped = (reason: SkipReason, detail: string): Classification => ({ kind: "skipped", reason, detail });

/** What is classified: what its owner says about probing, and where its ports speak from. */
export interface Subject extends Pick<ReadAnnotations, "annotations" | "oversized"> {
  /** Ports that can be probed. */
  readonly ports: readonly { readonly port: number; readonly name: string }[];
  /** The port of the Service that stands behind a port, where it is one: it names what is spoken. */
  readonly said: (port: number) => Pick<ServicePort, "name" | "appProtocol"> | undefined;
  /** Where the same backends answer without the NLB. */
  readonly clusterIp?: string | undefined;
  /** Why it is skipped where there is no port to probe. */
  readonly portless: Classification;
  /** Why there is no hostname yet. */
  readonly pending: string;
}

/**
 * Decides whether a Service is an internal NLB that can be probed.
 *
 * Where nothing tells whether an NLB is internal, it is taken, and its addresses decide: public ones are never probed.
 */
export function classifyService(service: ServiceObject, surroundings: Surroundings, defaultPath: string): Classification {
  const loadBalancer = loadBalancerOf(service, surroundings);
  const { annotations, oversized } = service;
  const served = new Set(loadBalancer.ports.filter(({ transport }) => transport === "TCP").map(({ port }) => port));
  // Of two ports with one number, one may have no listener.
  const ports = tcpPortsOf(service.ports).filter(({ port }) => served.has(port));
  const said = new Map(ports.map((port) => [port.port, port]));
  return classify(
    {
      annotations,
      oversized,
      ports,
      said: (port) => said.get(port),
      clusterIp: service.clusterIp,
      portless: skipped("no_tcp_port", `None of its ${service.ports.length} ports has a listener for TCP.`),
      pending: pendingDetail(service, loadBalancer),
    },
    loadBalancer,
    defaultPath,
  );
}

/** Decides whether a load balancer, of whatever origin, is an internal NLB that can be probed. */
export function classify(subject: Subject, loadBalancer: LoadBalancer, defaultPath: string): Classification {
  if (!loadBalancer.isNlb) return skipped("not_nlb", loadBalancer.notNlb);
  const { annotations, oversized, ports, portless } = subject;
  if (oversized.length > 0) return skipped("invalid", `${oversized.join(", ")}: too long to be what it is documented to be.`);
  try {
    if (!readProbe(annotations.get(OWN_ANNOTATIONS.probe))) {
      return skipped("opted_out", `${OWN_ANNOTATIONS.probe} is "false".`);
    }
    if (loadBalancer.internal.enabled === false) {
      return skipped("not_internal", "The NLB is internet-facing, as its configuration or its controller's defaults say.");
    }
    if (ports.length === 0) return portless;
    return probed(subject, loadBalancer, readWishes(annotations, ports), defaultPath);
  } catch (error) {
    if (error instanceof WishError) return skipped("invalid", error.message);
    throw error;
  }
}

function probed(
  { said, clusterIp, pending }: Subject,
  loadBalancer: LoadBalancer,
  wishes: Wishes,
  defaultPath: string,
): Classification {
  const hostname = hostnameOf(loadBalancer);
  if (hostname === undefined) return skipped("pending", pending);
  if (!isDnsName(hostname)) return skipped("invalid", `status: got ${shown(hostname)}, expected a host name.`);
  const { kind, namespace, controller, shortcuts, zonalAffinity } = loadBalancer;
  const name = kind === "Gateway" ? gatewayName(loadBalancer.name) : loadBalancer.name;
  const listeners = listenersOf(portsInForce(loadBalancer), ({ port }) => said(port), wishes, defaultPath, clusterIp);
  return {
    kind: "nlb",
    service: { namespace, name, controller, hostname, addresses: [], shortcuts, zonalAffinity, listeners },
  };
}

/** What a Gateway is called among Services: no Service can be called so. */
export const gatewayName = (name: string): string => `gateway/${name}`;

const hostnameOf = ({ hostnames }: LoadBalancer): string | undefined =>
  hostnames.find((name) => shapeOf(name) === "nlb") ?? hostnames[0];

/** @see Kubernetes feature gate AllowServiceLBStatusOnNonLB, off since 1.29. */
function pendingDetail({ type }: ServiceObject, { refusals: [refusal] }: LoadBalancer): string {
  if (refusal?.by === "controller") return `Its status has no hostname, and its controller refuses it: ${refusal.detail}`;
  if (type === "LoadBalancer") return "Its status has no hostname yet: the NLB is being made, or cannot be.";
  return `A Service of type ${type} has no hostname in its status since Kubernetes 1.29: name its NLB in the frontends file.`;
}
