import type { Controller } from "../domain/service.ts";
import { AWS_ANNOTATIONS } from "./annotations.ts";
import type { ServiceObject } from "./objects.ts";
import { shown } from "./problems.ts";

/** Who acts on a Service, from its specification alone: makes an NLB of it, something else, or nobody does. */
export type Handler =
  | { readonly kind: "nlb"; readonly controller: Exclude<Controller, "static" | "unknown"> }
  | { readonly kind: "other"; readonly detail: string };

const CLASSES: ReadonlyMap<string, "lbc" | "eks-auto"> = new Map([
  ["service.k8s.aws/nlb", "lbc"],
  ["eks.amazonaws.com/nlb", "eks-auto"],
]);

const other = (detail: string): Handler => ({ kind: "other", detail });

/**
 * A class decides alone; only without one do the annotations count, and they are compared as they are, case and all.
 *
 * @see aws-load-balancer-controller, pkg/k8s/service_utils.go (IsServiceSupported); cloud-provider-aws,
 * pkg/providers/v1/aws_loadbalancer.go (isNLB) and aws.go (isLBExternal).
 */
export function handlerOf(service: ServiceObject): Handler {
  const { type, loadBalancerClass, annotations } = service;
  if (type === "ExternalName") return other("No controller acts on a Service of type ExternalName.");
  if (loadBalancerClass !== undefined) {
    const controller = CLASSES.get(loadBalancerClass);
    if (controller !== undefined) return { kind: "nlb", controller };
    return other(`The load balancer class ${shown(loadBalancerClass)} is not one that makes NLBs.`);
  }
  const kind = annotations.get(AWS_ANNOTATIONS.type);
  if (kind === "nlb-ip") return { kind: "nlb", controller: "lbc" };
  if (kind === "external") {
    const targetType = annotations.get(AWS_ANNOTATIONS.targetType);
    if (targetType === "ip" || targetType === "instance") return { kind: "nlb", controller: "lbc" };
    return other(`The type is external, but ${AWS_ANNOTATIONS.targetType} is not ip or instance: no controller acts on it.`);
  }
  if (kind === "nlb" && type === "LoadBalancer") return { kind: "nlb", controller: "ccm" };
  return other("Neither class nor annotations ask for an NLB: the cloud provider makes a Classic Load Balancer, if anything.");
}
