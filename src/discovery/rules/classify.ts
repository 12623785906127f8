import type { LoadBalancer } from "../../domain/load-balancer.ts";
import type { NlbService, SkipReason } from "../../domain/service.ts";
import { OWN_ANNOTATIONS } from "../objects/annotations.ts";
import type { ServiceObject } from "../objects/service-object.ts";
import { shown } from "../problems.ts";
import { isDnsName, shapeOf } from "./hostname.ts";
import { listenersOf, tcpPortsOf } from "./listeners.ts";
import { loadBalancerOf, type Surroundings } from "./load-balancer.ts";
import { readProbe, readWishes, WishError } from "./own-annotations.ts";

/** What a Service is to us: an internal NLB with its listeners, or not, and why. */
export type Classification =
  | { readonly kind: "nlb"; readonly service: NlbService }
  | { readonly kind: "skipped"; readonly reason: SkipReason; readonly detail: string };

const skipped = (reason: SkipReason, detail: string): Classification => ({ kind: "skipped", reason, detail });

/**
 * Decides whether a Service is an internal NLB that can be probed.
 *
 * Where nothing tells whether an NLB is internal, it is taken, and its addresses decide: public ones are never probed.
 */
export function classifyService(service: ServiceObject, surroundings: Surroundings, defaultPath: string): Classification {
  const loadBalancer = loadBalancerOf(service, surroundings);
  if (!loadBalancer.isNlb) return skipped("not_nlb", loadBalancer.notNlb);
  try {
    return classify(service, loadBalancer, defaultPath);
  } catch (error) {
    if (error instanceof WishError) return skipped("invalid", error.message);
    throw error;
  }
}

function classify(service: ServiceObject, loadBalancer: LoadBalancer, defaultPath: string): Classification {
  const { annotations, oversized } = service;
  if (oversized.length > 0) return skipped("invalid", `${oversized.join(", ")}: too long to be what it is documented to be.`);
  if (!readProbe(annotations.get(OWN_ANNOTATIONS.probe))) return skipped("opted_out", `${OWN_ANNOTATIONS.probe} is "false".`);
  if (loadBalancer.internal.enabled === false) {
    return skipped("not_internal", "The NLB is internet-facing, as its annotations or its controller's defaults say.");
  }
  const ports = tcpPortsOf(service.ports);
  if (ports.length === 0) return skipped("no_tcp_port", `None of its ${service.ports.length} ports is a TCP port.`);
  const wishes = readWishes(annotations, ports);
  const hostname = hostnameOf(loadBalancer);
  if (hostname === undefined) return skipped("pending", pendingDetail(service, loadBalancer));
  if (!isDnsName(hostname)) return skipped("invalid", `status: got ${shown(hostname)}, expected a host name.`);

  const { namespace, name, controller, shortcuts, zonalAffinity } = loadBalancer;
  const said = new Map(ports.map((port) => [port.port, port]));
  const listeners = listenersOf(loadBalancer.ports, ({ port }) => said.get(port), wishes, defaultPath);
  return {
    kind: "nlb",
    service: { namespace, name, controller, hostname, addresses: [], shortcuts, zonalAffinity, listeners },
  };
}

const hostnameOf = ({ hostnames }: LoadBalancer): string | undefined =>
  hostnames.find((name) => shapeOf(name) === "nlb") ?? hostnames[0];

/** @see Kubernetes feature gate AllowServiceLBStatusOnNonLB, off since 1.29. */
function pendingDetail({ type }: ServiceObject, { refusals: [refusal] }: LoadBalancer): string {
  if (refusal?.by === "controller") return `Its status has no hostname, and its controller refuses it: ${refusal.detail}`;
  if (type === "LoadBalancer") return "Its status has no hostname yet: the NLB is being made, or cannot be.";
  return `A Service of type ${type} has no hostname in its status since Kubernetes 1.29: name its NLB in the frontends file.`;
}
