import type { LoadBalancer } from "../../domain/load-balancer.ts";
import { UNKNOWN_SWITCH } from "../../domain/target-group.ts";
import type { ServiceObject } from "../objects/service-object.ts";
import { type BindingObject, bindsPort } from "../objects/target-group-binding.ts";
import { unstatedPort } from "./unstated-port.ts";

/** The bindings that no controller made: somebody registers the Service in a target group of their own. */
export const foreignOf = (bindings: readonly BindingObject[]): readonly BindingObject[] =>
  bindings.filter(({ madeFor }) => madeFor === undefined);

/** What is known of the load balancer behind such a binding, which is next to nothing, and what would settle it. */
export const foreignDetail = ({ name }: BindingObject): string =>
  `TargetGroupBinding ${name} registers it in a target group whose load balancer Kubernetes does not know: the AWS console tells ` +
  "whether that is an internal NLB that preserves client addresses; to have it probed, name it in the frontends file.";

/** The load balancers that were made elsewhere and forward to a Service, as one. @param foreign - At least one. */
export function foreignLoadBalancer(service: ServiceObject, foreign: readonly BindingObject[]): LoadBalancer {
  const { namespace, name, shortcuts } = service;
  return {
    kind: "Service",
    namespace,
    name,
    controller: "unknown",
    isNlb: true,
    notNlb: "",
    internal: UNKNOWN_SWITCH,
    hostnames: [],
    shortcuts,
    zonalAffinity: false,
    ports: service.ports.flatMap((port) => {
      const found = foreign.filter((binding) => bindsPort(binding, port));
      if (found.length === 0) return [];
      const binding = found.length === 1 ? found[0]?.facts : undefined;
      return [unstatedPort(service, port, { tlsTerminated: false, targetType: undefined, binding })];
    }),
    refusals: [],
    doubts: foreign.map(foreignDetail),
  };
}
