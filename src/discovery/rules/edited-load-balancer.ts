import type { LoadBalancerPort } from "../../domain/load-balancer.ts";
import { defaultTargetGroup, UNKNOWN_SWITCH } from "../../domain/target-group.ts";
import type { ServiceObject, ServicePort } from "../objects/service-object.ts";
import type { BindingFacts } from "../objects/target-group-binding.ts";
import type { Handler } from "./handler.ts";
import type { Maker } from "./maker.ts";

const NAMES: Readonly<Record<Handler["controller"], string>> = {
  lbc: "the AWS Load Balancer Controller",
  ccm: "the cloud provider",
  "eks-auto": "EKS Auto Mode",
  other: "another controller",
  none: "no controller",
};

/**
 * What is to be said where a load balancer was made by one controller and the Service is edited to be another's: the first
 * one no longer acts on it, the other one did not make it, and what it was made with is not written anywhere.
 */
export function editDoesNotReach(maker: Maker, { controller, isNlb }: Handler): string {
  const now = isNlb ? `those of ${NAMES[controller]}` : "no longer those of an NLB";
  return (
    `The NLB was made by ${NAMES[maker.controller]}, as ${maker.evidence} says, and the Service's class and annotations are ${now}: ` +
    "the edit does not reach it. What it was made with is not known: the AWS console or a measurement tells."
  );
}

/** A port of such a load balancer: what holds however it was made, and nothing that annotations say now. */
export function editedPort(
  { controller }: Maker,
  { externalTrafficPolicy, ipFamilies }: ServiceObject,
  { port, name, protocol }: ServicePort,
  tlsTerminated: boolean,
  binding: BindingFacts | undefined,
): LoadBalancerPort {
  const bound = controller === "ccm" ? undefined : binding;
  return {
    port,
    name,
    transport: protocol,
    tlsTerminated,
    targetGroup: {
      ...defaultTargetGroup(undefined),
      targetType: controller === "ccm" ? "instance" : bound?.targetType,
      preserveClientIp: protocol === "UDP" ? { enabled: true, origin: "forced" } : UNKNOWN_SWITCH,
      crossZone: UNKNOWN_SWITCH,
      externalTrafficPolicy,
      nodeSelector: bound?.nodeSelector,
      multiCluster: bound?.multiCluster === true,
      ipFamily: bound?.ipFamily ?? (ipFamilies.includes("IPv6") && controller !== "ccm" ? 6 : 4),
    },
  };
}
