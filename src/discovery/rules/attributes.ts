import { type ControllerContext, ccmHonoursAttributes, lbcHas } from "../../domain/controller-context.ts";
import type { Controller } from "../../domain/service.ts";
import { AWS_ANNOTATIONS, parseAttributes, portAttributesAnnotation } from "../objects/annotations.ts";
import type { ServiceObject } from "../objects/service-object.ts";
import { shown } from "../problems.ts";
import type { Findings } from "./findings.ts";

export const PRESERVE = "preserve_client_ip.enabled";
export const CROSS_ZONE = "load_balancing.cross_zone.enabled";
export const STICKINESS = "stickiness.enabled";
export const ROUTING_POLICY = "dns_record.client_routing_policy";
/** All that the cloud provider accepts; it refuses the whole annotation for any other. */
const CCM_ATTRIBUTES: ReadonlySet<string> = new Set([PRESERVE, "proxy_protocol_v2.enabled"]);

/** The attributes that annotations ask for, of one target group, and what becomes of them. */
export interface AskedAttributes {
  /** What is asked for; empty where the notation is refused. */
  readonly asked: ReadonlyMap<string, string>;
  /**
   * `honoured`: the controller passes them on. `ignored`: it knows nothing of them. `refused`: it takes none of them, and AWS
   * keeps the last good ones. `unknown`: it depends on its version.
   */
  readonly fate: "honoured" | "ignored" | "refused" | "unknown";
}

/**
 * Reads the target group attributes of one port.
 *
 * @see aws-load-balancer-controller, pkg/service/model_build_target_group.go; cloud-provider-aws,
 * pkg/providers/v1/aws_loadbalancer.go (buildTargetGroupAttributes).
 */
export function targetGroupAttributesOf(
  controller: Controller,
  { annotations }: ServiceObject,
  port: number,
  context: ControllerContext,
  findings: Findings,
): AskedAttributes {
  const base = read(annotations, AWS_ANNOTATIONS.targetGroupAttributes);
  const ofPort = read(annotations, portAttributesAnnotation(port));
  switch (controller) {
    case "ccm": {
      const honoured = ccmHonoursAttributes(context);
      if (honoured === false) return { asked: base.found, fate: "ignored" };
      const unknownKey = [...base.found.keys()].find((key) => !CCM_ATTRIBUTES.has(key));
      if (base.problem === undefined && unknownKey === undefined) {
        return { asked: base.found, fate: honoured === undefined ? "unknown" : "honoured" };
      }
      const known = [...CCM_ATTRIBUTES].join(" and ");
      const problem = base.problem ?? `${AWS_ANNOTATIONS.targetGroupAttributes}: got ${shown(unknownKey)}, expected ${known}.`;
      findings.refuse(problem);
      return { asked: new Map(), fate: "refused" };
    }
    case "lbc":
    case "eks-auto": {
      if (controller === "lbc" && !lbcHas(context, "targetGroupAttributes")) return { asked: base.found, fate: "ignored" };
      const knowsPorts = controller === "eks-auto" || lbcHas(context, "portAttributes");
      const problem = base.problem ?? (knowsPorts ? ofPort.problem : undefined);
      if (problem === undefined) return { asked: knowsPorts ? merge(base.found, ofPort.found) : base.found, fate: "honoured" };
      findings.refuse(problem);
      return { asked: new Map(), fate: "refused" };
    }
    default:
      return { asked: new Map(), fate: "unknown" };
  }
}

/** The attributes of the load balancer itself; only these two controllers read them. */
export function loadBalancerAttributesOf(
  controller: Controller,
  { annotations }: ServiceObject,
  findings: Findings,
): ReadonlyMap<string, string> | undefined {
  if (controller !== "lbc" && controller !== "eks-auto") return new Map();
  const { found, problem } = read(annotations, AWS_ANNOTATIONS.attributes);
  if (problem === undefined) return found;
  findings.refuse(problem);
  return undefined;
}

function read(annotations: ReadonlyMap<string, string>, key: string): { found: ReadonlyMap<string, string>; problem?: string } {
  const text = annotations.get(key) ?? "";
  const found = parseAttributes(text);
  if (found !== undefined) return { found };
  return { found: new Map(), problem: `${key}: got ${shown(text)}, expected KEY=VALUE,KEY=VALUE.` };
}

/** A port's empty value keeps the general one; but the switch itself is read before that, and refused when it is empty. */
function merge(base: ReadonlyMap<string, string>, ofPort: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  return new Map([...base, ...[...ofPort].filter(([key, value]) => value !== "" || key === PRESERVE)]);
}
