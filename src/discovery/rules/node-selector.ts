import type { Controller } from "../../domain/service.ts";
import { AWS_ANNOTATIONS } from "../objects/annotations.ts";
import type { ServiceObject } from "../objects/service-object.ts";
import { shown } from "../problems.ts";
import type { Findings } from "./findings.ts";

/**
 * Labels that a node must have to be a target: `key=value,key=value`. To the cloud provider, a key alone asks for any value.
 *
 * @see aws-load-balancer-controller, annotation target-node-labels; cloud-provider-aws, pkg/providers/v1/aws.go
 * (filterTargetNodes).
 */
export function nodeSelectorOf(
  controller: Controller,
  { annotations }: ServiceObject,
  findings: Findings,
): ReadonlyMap<string, string> {
  const labels = new Map<string, string>();
  if (controller !== "lbc" && controller !== "ccm" && controller !== "eks-auto") return labels;
  for (const item of (annotations.get(AWS_ANNOTATIONS.targetNodeLabels) ?? "").split(",")) {
    if (item.trim() === "") continue;
    const [key = "", value, ...rest] = item.split("=").map((part) => part.trim());
    if (key !== "" && rest.length === 0 && (value !== undefined || controller === "ccm")) labels.set(key, value ?? "");
    else findings.refuse(`${AWS_ANNOTATIONS.targetNodeLabels}: got ${shown(item.trim())}, expected KEY=VALUE.`);
  }
  return labels;
}
