import { type ControllerContext, lbcHas } from "../../domain/controller-context.ts";
import type { Controller } from "../../domain/service.ts";
import type { TargetType } from "../../domain/target-group.ts";
import { AWS_ANNOTATIONS } from "../objects/annotations.ts";
import type { ServiceObject } from "../objects/service-object.ts";
import type { Findings } from "./findings.ts";

/**
 * What the NLB forwards to.
 *
 * @param service - Whose pods stand behind it; its annotations are those of the Service that has the load balancer.
 * @returns `undefined` when the controller is not known, or cannot do what is asked: instances need node ports.
 * @see aws-load-balancer-controller, pkg/service/model_build_target_group.go (buildTargetType).
 */
export function targetTypeOf(
  controller: Controller,
  service: ServiceObject,
  context: ControllerContext,
  findings: Findings,
): TargetType | undefined {
  const asked = service.annotations.get(AWS_ANNOTATIONS.targetType);
  switch (controller) {
    case "ccm":
      return "instance";
    case "eks-auto":
      return asked === "instance" ? "instance" : "ip";
    case "lbc": {
      const wanted = lbcTargetType(asked, context);
      const isIp = wanted === "ip" || service.annotations.get(AWS_ANNOTATIONS.type) === "nlb-ip";
      const problem = wanted === "ip" && !context.lbcIpTargets ? NO_IP_TARGETS : isIp ? undefined : noNodePorts(service);
      if (problem === undefined) return isIp ? "ip" : "instance";
      findings.refuse(problem);
      return undefined;
    }
    case "unknown":
      findings.doubt("The target type is not known: the controller is not. A TargetGroupBinding of the Service would tell.");
      return undefined;
    default:
      return undefined;
  }
}

const NO_IP_TARGETS = "The target type is ip, and the controller runs with EnableIPTargetType=false: it takes instance alone.";

/** The annotation outranks the controller's default even where its value is one that is not known. */
function lbcTargetType(asked: string | undefined, context: ControllerContext): TargetType {
  if (asked !== undefined) return asked === "ip" ? "ip" : "instance";
  return lbcHas(context, "defaultTargetType") ? context.lbcTargetType : "instance";
}

function noNodePorts({ name, type, allocateNodePorts, ports }: ServiceObject): string | undefined {
  if (type === "ClusterIP") {
    return `spec.type of ${name}: got ClusterIP, expected LoadBalancer or NodePort: instance targets need node ports.`;
  }
  if (type !== "LoadBalancer" || allocateNodePorts || ports.every(({ nodePort }) => nodePort !== undefined)) return undefined;
  return `spec.allocateLoadBalancerNodePorts of ${name}: got false, expected true: instance targets need node ports.`;
}
