import type { Controller } from "../../domain/service.ts";
import { type Switch, UNKNOWN_SWITCH } from "../../domain/target-group.ts";
import { AWS_ANNOTATIONS, parseGoBool } from "../objects/annotations.ts";
import type { ServiceObject } from "../objects/service-object.ts";
import { shown } from "../problems.ts";
import { type AskedAttributes, CROSS_ZONE } from "./attributes.ts";
import type { Findings } from "./findings.ts";

/**
 * Whether each zonal address forwards to the targets of all zones.
 *
 * @param attributes - Those of the target group, which override the load balancer's.
 * @param ofLoadBalancer - Attributes of the load balancer; `undefined`: they are refused.
 * @see aws-load-balancer-controller, pkg/service/model_build_load_balancer.go (buildLoadBalancerAttributes); AWS, "Cross-zone load
 * balancing for target groups".
 */
export function crossZoneOf(
  controller: Controller,
  { annotations }: ServiceObject,
  attributes: AskedAttributes,
  ofLoadBalancer: ReadonlyMap<string, string> | undefined,
  findings: Findings,
): Switch {
  if (controller !== "lbc" && controller !== "eks-auto" && controller !== "ccm") return UNKNOWN_SWITCH;
  const ofTargetGroup = controller === "ccm" || attributes.fate !== "honoured" ? undefined : attributes.asked.get(CROSS_ZONE);
  const given = annotations.get(AWS_ANNOTATIONS.crossZone);
  // Nothing is nothing to the cloud provider alone.
  const ofController = controller === "ccm" && given === "" ? undefined : given;
  const specific = ofController === undefined ? undefined : { what: AWS_ANNOTATIONS.crossZone, text: ofController };
  return crossZone(ofTargetGroup, specific, ofLoadBalancer, findings);
}

/**
 * Which of the settings counts: the target group's, then the specific one, then the load balancer's attribute.
 *
 * @param ofLoadBalancer - Attributes of the load balancer; `undefined`: they are not known.
 */
export function crossZone(
  ofTargetGroup: string | undefined,
  specific: { readonly what: string; readonly text: string } | undefined,
  ofLoadBalancer: ReadonlyMap<string, string> | undefined,
  findings: Findings,
): Switch {
  if (ofTargetGroup !== undefined && ofTargetGroup !== "use_load_balancer_configuration") {
    return passedOn(ofTargetGroup, findings);
  }
  if (specific !== undefined) return explicit(specific.what, specific.text, findings);
  if (ofLoadBalancer === undefined) return UNKNOWN_SWITCH;
  const attribute = ofLoadBalancer.get(CROSS_ZONE);
  return attribute === undefined ? { enabled: false, origin: "default" } : passedOn(attribute, findings);
}

/** The controller passes an attribute on as it is; AWS takes two words alone. */
function passedOn(text: string, findings: Findings): Switch {
  if (text === "true" || text === "false") return { enabled: text === "true", origin: "explicit" };
  return refused(CROSS_ZONE, text, "aws", findings);
}

function explicit(what: string, text: string, findings: Findings): Switch {
  const enabled = parseGoBool(text);
  return enabled === undefined ? refused(what, text, "controller", findings) : { enabled, origin: "explicit" };
}

function refused(what: string, text: string, by: "controller" | "aws", findings: Findings): Switch {
  findings.refuse(`${what}: got ${shown(text)}, expected true or false.`, by);
  findings.doubt("Whether cross-zone load balancing is on is not known: its setting is refused. The AWS console tells.");
  return UNKNOWN_SWITCH;
}
