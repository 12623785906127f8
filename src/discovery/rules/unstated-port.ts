import type { LoadBalancerPort } from "../../domain/load-balancer.ts";
import { defaultTargetGroup, type TargetType, UNKNOWN_SWITCH } from "../../domain/target-group.ts";
import type { ServiceObject, ServicePort } from "../objects/service-object.ts";
import type { BindingFacts } from "../objects/target-group-binding.ts";

/**
 * A port of a load balancer whose settings no object of Kubernetes states: what its binding tells, and what holds for every
 * NLB. UDP target groups always preserve client addresses.
 *
 * @param targetType - Where its maker can make no other.
 */
export function unstatedPort(
  { externalTrafficPolicy, ipFamilies }: ServiceObject,
  { port, name, protocol }: ServicePort,
  given: {
    readonly tlsTerminated: boolean;
    readonly targetType: TargetType | undefined;
    readonly binding: BindingFacts | undefined;
  },
): LoadBalancerPort {
  const { tlsTerminated, targetType, binding } = given;
  return {
    port,
    name,
    transport: protocol,
    tlsTerminated,
    targetGroup: {
      ...defaultTargetGroup(undefined),
      targetType: targetType ?? binding?.targetType,
      preserveClientIp: protocol === "UDP" ? { enabled: true, origin: "forced" } : UNKNOWN_SWITCH,
      crossZone: UNKNOWN_SWITCH,
      externalTrafficPolicy,
      nodeSelector: binding?.nodeSelector,
      multiCluster: binding?.multiCluster === true,
      ipFamily: binding?.ipFamily ?? (ipFamilies[0] === "IPv6" ? 6 : 4),
    },
  };
}
