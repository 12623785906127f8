import type { Controller } from "../../domain/service.ts";
import { REFUSABLE_ANNOTATIONS } from "../objects/annotations.ts";
import type { ServiceObject } from "../objects/service-object.ts";
import type { Findings } from "./findings.ts";

const IPV6 = "IPv6";

/** Whether the load balancer is to have addresses of both families. */
export const isDualStack = ({ annotations }: ServiceObject): boolean =>
  annotations.get(REFUSABLE_ANNOTATIONS.ipAddressType) === "dualstack";

/**
 * The family of the targets' addresses: IPv6 where the Service has it among its families, first or not.
 *
 * @returns `undefined` where it has both, and its controller is not known.
 * @see aws-load-balancer-controller, pkg/service/model_build_target_group.go (buildTargetGroupIPAddressType); the cloud provider
 * makes target groups of IPv4 alone.
 */
export function ipFamilyOf(controller: Controller, service: ServiceObject, findings: Findings): 4 | 6 | undefined {
  const { name, ipFamilies } = service;
  if (controller === "ccm" || !ipFamilies.includes(IPV6)) return 4;
  if (controller !== "lbc" && controller !== "eks-auto") return ipFamilies.length > 1 ? undefined : 6;
  if (!isDualStack(service)) {
    findings.refuse(
      `spec.ipFamilies of ${name}: got ${ipFamilies.join(" and ")}, expected IPv4 alone: IPv6 takes ${REFUSABLE_ANNOTATIONS.ipAddressType} dualstack.`,
    );
  }
  return 6;
}
