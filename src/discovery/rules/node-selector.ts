import { type ControllerContext, lbcHas } from "../../domain/controller-context.ts";
import type { Controller } from "../../domain/service.ts";
import type { NodeSelector, TargetType } from "../../domain/target-group.ts";
import { AWS_ANNOTATIONS, parseAttributes } from "../objects/annotations.ts";
import { parseCcmKeyValues, parseKeyValues } from "../objects/key-values.ts";
import type { ServiceObject } from "../objects/service-object.ts";
import { shown } from "../problems.ts";
import type { Findings } from "./findings.ts";

const EVERY_NODE: NodeSelector = new Map();

/**
 * Labels that a node must have to be a target: `key=value,key=value`.
 *
 * To the cloud provider a key with no value asks for any; to the AWS Load Balancer Controller `key=` asks for the empty one.
 *
 * @see aws-load-balancer-controller, pkg/service/model_build_target_group.go (buildTargetGroupBindingNodeSelector), which reads them
 * for instances alone; cloud-provider-aws, pkg/providers/v1/aws_loadbalancer.go (filterTargetNodes).
 */
export function nodeSelectorOf(
  controller: Controller,
  { annotations }: ServiceObject,
  targetType: TargetType | undefined,
  context: ControllerContext,
  findings: Findings,
): NodeSelector {
  const text = annotations.get(AWS_ANNOTATIONS.targetNodeLabels);
  if (text === undefined) return EVERY_NODE;
  if (controller === "ccm") return new Map([...parseCcmKeyValues(text)].map(([key, value]) => [key, value || undefined]));
  if ((controller !== "lbc" && controller !== "eks-auto") || targetType !== "instance") return EVERY_NODE;
  const labels = lbcHas(context, "strictAttributes") ? parseKeyValues(text) : parseAttributes(text);
  if (labels !== undefined) return labels;
  findings.refuse(`${AWS_ANNOTATIONS.targetNodeLabels}: got ${shown(text)}, expected KEY=VALUE,KEY=VALUE.`);
  return EVERY_NODE;
}
