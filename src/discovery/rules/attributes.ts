import { type ControllerContext, ccmHonoursAttributes, lbcHas } from "../../domain/controller-context.ts";
import type { Controller } from "../../domain/service.ts";
import { AWS_ANNOTATIONS, parseAttributes, parseGoBool, portAttributesAnnotation } from "../objects/annotations.ts";
import { parseCcmKeyValues, parseKeyValues } from "../objects/key-values.ts";
import type { ServiceObject } from "../objects/service-object.ts";
import { shown } from "../problems.ts";
import type { Findings } from "./findings.ts";

export const PRESERVE = "preserve_client_ip.enabled";
export const CROSS_ZONE = "load_balancing.cross_zone.enabled";
export const STICKINESS = "stickiness.enabled";
export const ROUTING_POLICY = "dns_record.client_routing_policy";
/** All that the cloud provider accepts; it refuses the whole annotation for any other. */
const CCM_ATTRIBUTES: readonly string[] = [PRESERVE, "proxy_protocol_v2.enabled"];

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
  service: ServiceObject,
  port: number,
  context: ControllerContext,
  findings: Findings,
): AskedAttributes {
  switch (controller) {
    case "ccm": {
      const asked = parseCcmKeyValues(service.annotations.get(AWS_ANNOTATIONS.targetGroupAttributes) ?? "");
      const honoured = ccmHonoursAttributes(context);
      if (honoured === false) return { asked, fate: "ignored" };
      const problem = ccmProblem(asked, service);
      if (problem !== undefined) return refused(`${AWS_ANNOTATIONS.targetGroupAttributes}: ${problem}`, findings);
      return { asked, fate: honoured === undefined ? "unknown" : "honoured" };
    }
    case "lbc":
    case "eks-auto": {
      const base = readOfTargetGroup(service, AWS_ANNOTATIONS.targetGroupAttributes, context);
      if (controller === "lbc" && !lbcHas(context, "targetGroupAttributes")) return { asked: base.found, fate: "ignored" };
      const knowsPorts = controller === "eks-auto" || lbcHas(context, "portAttributes");
      const ofPort = knowsPorts ? readOfTargetGroup(service, portAttributesAnnotation(port), context) : NOTHING;
      // The general annotation must be right even where that of the port outranks it.
      const problem = base.problem ?? ofPort.problem;
      if (problem !== undefined) return refused(problem, findings);
      // A port's empty value keeps the general one.
      return { asked: new Map([...base.found, ...[...ofPort.found].filter(([, value]) => value !== "")]), fate: "honoured" };
    }
    default:
      return { asked: new Map(), fate: "unknown" };
  }
}

/** The attributes of the load balancer itself; only these two controllers read them. */
export function loadBalancerAttributesOf(
  controller: Controller,
  service: ServiceObject,
  context: ControllerContext,
  findings: Findings,
): ReadonlyMap<string, string> | undefined {
  if (controller !== "lbc" && controller !== "eks-auto") return new Map();
  const { found, problem } = read(service, AWS_ANNOTATIONS.attributes, context);
  if (problem === undefined) return found;
  findings.refuse(problem);
  return undefined;
}

function refused(problem: string, findings: Findings): AskedAttributes {
  findings.refuse(problem);
  return { asked: new Map(), fate: "refused" };
}

interface Read {
  readonly found: ReadonlyMap<string, string>;
  readonly problem?: string;
}

const NOTHING: Read = { found: new Map() };

/** An annotation of attributes as the AWS Load Balancer Controller reads it. */
function read({ annotations }: ServiceObject, key: string, context: ControllerContext): Read {
  const text = annotations.get(key);
  if (text === undefined) return NOTHING;
  const found = lbcHas(context, "strictAttributes") ? parseKeyValues(text) : parseAttributes(text);
  return found === undefined ? { ...NOTHING, problem: `${key}: got ${shown(text)}, expected KEY=VALUE,KEY=VALUE.` } : { found };
}

function readOfTargetGroup(service: ServiceObject, key: string, context: ControllerContext): Read {
  const { found, problem } = read(service, key, context);
  if (problem !== undefined) return { found, problem };
  const preserve = found.get(PRESERVE);
  if (preserve === undefined || parseGoBool(preserve) !== undefined) return { found };
  return { ...NOTHING, problem: `${key}: got ${shown(preserve)} for ${PRESERVE}, expected true or false.` };
}

/** @see cloud-provider-aws, pkg/providers/v1/aws_validations.go (validateServiceAnnotationTargetGroupAttributes). */
function ccmProblem(asked: ReadonlyMap<string, string>, { ports }: ServiceObject): string | undefined {
  for (const [key, value] of asked) {
    if (!CCM_ATTRIBUTES.includes(key)) return `got ${shown(key)}, expected ${CCM_ATTRIBUTES.join(" and ")}.`;
    if (value !== "true" && value !== "false") return `got ${shown(value)} for ${key}, expected true or false.`;
  }
  const udp = ports.find(({ protocol }) => protocol === "UDP");
  if (udp === undefined || asked.get(PRESERVE) !== "false") return undefined;
  return `got false for ${PRESERVE}, which cannot be off for UDP, as of port ${udp.port}.`;
}
