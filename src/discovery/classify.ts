import type { Controller, NlbService, SkipReason } from "../domain/service.ts";
import { OWN_ANNOTATIONS } from "./annotations.ts";
import { handlerOf } from "./handler.ts";
import { isDnsName, shapeOf } from "./hostname.ts";
import { listenersOf, tcpPortsOf } from "./listeners.ts";
import type { ServiceObject } from "./objects.ts";
import { readProbe, readWishes, WishError } from "./own-annotations.ts";
import { shown } from "./problems.ts";
import { isInternal } from "./scheme.ts";
import { crossZoneOf, targetTypeOf } from "./target-group.ts";

/** What a Service is to us: an internal NLB with its listeners, or not, and why. */
export type Classification =
  | { readonly kind: "nlb"; readonly service: NlbService }
  | { readonly kind: "skipped"; readonly reason: SkipReason; readonly detail: string };

const skipped = (reason: SkipReason, detail: string): Classification => ({ kind: "skipped", reason, detail });

/**
 * Decides from one Service alone whether it is an internal NLB that can be probed.
 *
 * Annotations are what was asked for; the name in the status is what there is. So the name outranks them: annotations that are
 * edited later do not turn one kind of load balancer into another. Where neither tells whether an NLB is internal, it is taken,
 * and its addresses decide: public ones are never probed.
 */
export function classifyService(service: ServiceObject, defaultPath: string): Classification {
  try {
    return classify(service, defaultPath);
  } catch (error) {
    if (error instanceof WishError) return skipped("invalid", error.message);
    throw error;
  }
}

function classify(service: ServiceObject, defaultPath: string): Classification {
  const { annotations, oversized, hostnames } = service;
  const handler = handlerOf(service);
  const shapes = hostnames.map(shapeOf);
  if (shapes.includes("not_nlb") && !shapes.includes("nlb")) {
    return skipped("not_nlb", `${shown(hostnames[0])} is the name of a Classic or Application Load Balancer.`);
  }
  if (handler.kind === "other" && !shapes.includes("nlb")) return skipped("not_nlb", handler.detail);
  const controller: Controller = handler.kind === "nlb" ? handler.controller : "unknown";

  if (oversized.length > 0) return skipped("invalid", `${oversized.join(", ")}: too long to be what it is documented to be.`);
  if (!readProbe(annotations.get(OWN_ANNOTATIONS.probe))) return skipped("opted_out", `${OWN_ANNOTATIONS.probe} is "false".`);
  if (isInternal(controller, annotations) === false) {
    return skipped("not_internal", "The NLB is internet-facing, as its annotations or its controller's defaults say.");
  }
  const ports = tcpPortsOf(service);
  if (ports.length === 0) return skipped("no_tcp_port", `None of its ${service.ports.length} ports is a TCP port.`);
  const wishes = readWishes(annotations, ports);
  const hostname = hostnames.find((name) => shapeOf(name) === "nlb") ?? hostnames[0];
  if (hostname === undefined) return skipped("pending", "Its status has no hostname yet: the NLB is being made, or cannot be.");
  if (!isDnsName(hostname)) return skipped("invalid", `status: got ${shown(hostname)}, expected a host name.`);

  return {
    kind: "nlb",
    service: {
      namespace: service.namespace,
      name: service.name,
      controller,
      hostname,
      addresses: [],
      targetType: targetTypeOf(controller, service),
      crossZone: crossZoneOf(controller, service),
      externalTrafficPolicy: service.externalTrafficPolicy,
      listeners: listenersOf(controller, service, wishes, defaultPath),
    },
  };
}
