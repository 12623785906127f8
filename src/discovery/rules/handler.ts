import { type ControllerContext, lbcHas } from "../../domain/controller-context.ts";
import type { Controller } from "../../domain/service.ts";
import { AWS_ANNOTATIONS, parseGoBool } from "../objects/annotations.ts";
import { parseKeyValues } from "../objects/key-values.ts";
import type { ServiceObject } from "../objects/service-object.ts";
import { shown } from "../problems.ts";

/** Who acts on a Service, from its specification alone, and whether an NLB comes of it. */
export interface Handler {
  readonly controller: Exclude<Controller, "static" | "unknown">;
  readonly isNlb: boolean;
  /** Why no NLB comes of it; "" when one does. */
  readonly why: string;
}

const DELETION_PROTECTION = "deletion_protection.enabled";
const AUTO_CLASS = "eks.amazonaws.com/nlb";

const NO_SERVICES = "The controller runs with EnableServiceController=false: it makes nothing of Services.";

const nlbOf = (controller: "lbc" | "ccm" | "eks-auto"): Handler => ({ controller, isNlb: true, why: "" });
const nobody = (why: string): Handler => ({ controller: "none", isNlb: false, why });

/**
 * A class decides alone; only without one do the annotations count, and they are compared as they are, case and all.
 *
 * @see aws-load-balancer-controller, pkg/k8s/service_utils.go (IsServiceSupported); cloud-provider-aws,
 * pkg/providers/v1/aws_loadbalancer.go (isNLB) and aws.go (isLBExternal); cloud-provider, wantsLoadBalancer.
 */
export function handlerOf(service: ServiceObject, context: ControllerContext): Handler {
  const { type, loadBalancerClass, annotations } = service;
  if (service.isBeingDeleted && !isProtected(service))
    return nobody("It is being deleted: its controller takes down what it made.");
  if (type === "ExternalName") return nobody("No controller acts on a Service of type ExternalName.");
  if (loadBalancerClass !== undefined) return ofClass(loadBalancerClass, context);
  const kind = annotations.get(AWS_ANNOTATIONS.type);
  if (kind === "nlb-ip" || kind === "external") return ofController(service, kind, context);
  if (type !== "LoadBalancer") return nobody(`A Service of type ${shown(type)} has no load balancer of its own.`);
  if (kind === "nlb") return nlbOf("ccm");
  return {
    controller: "ccm",
    isNlb: false,
    why: "Neither class nor annotations ask for an NLB: the cloud provider makes a Classic Load Balancer, if anything.",
  };
}

/** The controller does not take down a load balancer that is protected, and leaves it as it is. */
const isProtected = ({ annotations }: ServiceObject): boolean => {
  const attributes = parseKeyValues(annotations.get(AWS_ANNOTATIONS.attributes) ?? "");
  return parseGoBool(attributes?.get(DELETION_PROTECTION) ?? "") === true;
};

/** Whether a Service has to do with load balancers at all, so that it is worth keeping: one of another type must be annotated. */
export function asksForLoadBalancer({ type, annotations }: ServiceObject): boolean {
  if (type === "LoadBalancer") return true;
  return type !== "ExternalName" && ["nlb-ip", "external"].includes(annotations.get(AWS_ANNOTATIONS.type) ?? "");
}

function ofClass(loadBalancerClass: string, context: ControllerContext): Handler {
  if (loadBalancerClass === AUTO_CLASS) return nlbOf("eks-auto");
  if (loadBalancerClass !== context.lbcClass) {
    const why = `The load balancer class ${shown(loadBalancerClass)} is not one that is known to make NLBs.`;
    return { controller: "other", isNlb: false, why };
  }
  if (!context.lbcServiceController) return nobody(NO_SERVICES);
  if (lbcHas(context, "loadBalancerClass")) return nlbOf("lbc");
  return nobody("The controller knows load balancer classes since 2.4.0 only, and the cloud provider leaves every class alone.");
}

function ofController({ type, annotations }: ServiceObject, kind: "nlb-ip" | "external", context: ControllerContext): Handler {
  if (!context.lbcServiceController) return nobody(NO_SERVICES);
  if (type !== "LoadBalancer" && context.lbcLoadBalancerOnly) {
    return nobody(`The controller runs with ServiceTypeLoadBalancerOnly: a Service of type ${shown(type)} gets no NLB.`);
  }
  if (kind === "nlb-ip") return nlbOf("lbc");
  const targetType = annotations.get(AWS_ANNOTATIONS.targetType);
  if (targetType !== "ip" && targetType !== "instance") {
    return nobody(`The type is external, but ${AWS_ANNOTATIONS.targetType} is not ip or instance: no controller acts on it.`);
  }
  if (lbcHas(context, "schemeAndExternal")) return nlbOf("lbc");
  return nobody("The controller knows the type external since 2.2.0 only, and the cloud provider leaves it alone.");
}
