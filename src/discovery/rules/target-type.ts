import { type ControllerContext, lbcHas } from "../../domain/controller-context.ts";
import type { Controller } from "../../domain/service.ts";
import type { TargetType } from "../../domain/target-group.ts";
import { AWS_ANNOTATIONS } from "../objects/annotations.ts";
import type { ServiceObject } from "../objects/service-object.ts";
import type { Findings } from "./findings.ts";

/**
 * What the NLB forwards to.
 *
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
      const wanted = lbcTargetType(asked, service, context);
      const problem = wanted === "instance" ? noNodePorts(service) : undefined;
      if (problem === undefined) return wanted;
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

/** A value that the controller does not know is as good as none. */
function lbcTargetType(asked: string | undefined, { annotations }: ServiceObject, context: ControllerContext): TargetType {
  if (annotations.get(AWS_ANNOTATIONS.type) === "nlb-ip") return "ip";
  if (asked === "ip" || asked === "instance") return asked;
  return lbcHas(context, "defaultTargetType") ? context.lbcTargetType : "instance";
}

function noNodePorts({ type, allocateNodePorts, ports }: ServiceObject): string | undefined {
  if (type === "ClusterIP")
    return "spec.type: got ClusterIP, expected LoadBalancer or NodePort: instance targets need node ports.";
  if (type !== "LoadBalancer" || allocateNodePorts || ports.every(({ nodePort }) => nodePort !== undefined)) return undefined;
  return "spec.allocateLoadBalancerNodePorts: got false, expected true: instance targets need node ports.";
}
