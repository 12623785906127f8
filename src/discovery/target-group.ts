import type { Controller, Switch, TargetType } from "../domain/service.ts";
import { AWS_ANNOTATIONS, parseAttributes, parseGoBool, portAttributesAnnotation } from "./annotations.ts";
import type { ServiceObject } from "./objects.ts";

const PRESERVE = "preserve_client_ip.enabled";
const CROSS_ZONE = "load_balancing.cross_zone.enabled";
/** All that the cloud provider accepts; it refuses the whole annotation for any other. */
const CCM_ATTRIBUTES: ReadonlySet<string> = new Set([PRESERVE, "proxy_protocol_v2.enabled"]);
const UNKNOWN: Switch = { enabled: undefined, origin: "unknown" };

/** Attributes as an annotation gives them; `undefined`: its controller refuses them, and AWS keeps the last good ones. */
type Attributes = ReadonlyMap<string, string> | undefined;

/**
 * What the NLB forwards to.
 *
 * @returns `undefined` when the controller is not known, or cannot do what is asked (instances without node ports).
 * @see aws-load-balancer-controller, pkg/service/model_build_target_group.go (buildTargetType).
 */
export function targetTypeOf(controller: Controller, service: ServiceObject): TargetType | undefined {
  const asked = service.annotations.get(AWS_ANNOTATIONS.targetType);
  switch (controller) {
    case "ccm":
      return "instance";
    case "eks-auto":
      return asked === "instance" ? "instance" : "ip";
    case "lbc": {
      if (asked === "ip" || service.annotations.get(AWS_ANNOTATIONS.type) === "nlb-ip") return "ip";
      const noNodePorts = !service.allocateNodePorts && service.ports.some(({ nodePort }) => nodePort === undefined);
      return noNodePorts ? undefined : "instance";
    }
    case "static":
    case "unknown":
      return undefined;
  }
}

/**
 * Whether the targets of one TCP port see the client's address: the condition of a hairpin.
 *
 * AWS's default is on for instances and off for pods. With the same port open for UDP too, the target group is TCP_UDP, and
 * then it cannot be off. The cloud provider honours the annotation since 1.32.6, 1.33.3 and 1.34.2 and silently ignores it
 * before; its version is not in the Service, so a current one is assumed.
 *
 * @see AWS, NLB user guide, "Edit target group attributes", client IP preservation.
 */
export function preserveClientIpOf(controller: Controller, service: ServiceObject, port: number): Switch {
  const targetType = targetTypeOf(controller, service);
  if (targetType === undefined) return UNKNOWN;
  const alsoUdp = service.ports.some((other) => other.port === port && other.protocol === "UDP");
  if (alsoUdp) return { enabled: true, origin: "forced" };
  const attributes = attributesOf(controller, service, port);
  if (attributes === undefined) return UNKNOWN;
  const asked = attributes.get(PRESERVE);
  if (asked === undefined) return { enabled: targetType === "instance", origin: "default" };
  const enabled = controller === "ccm" ? strictBool(asked) : parseGoBool(asked);
  return enabled === undefined ? UNKNOWN : { enabled, origin: "explicit" };
}

/**
 * Whether each zonal address forwards to the targets of all zones.
 *
 * @see aws-load-balancer-controller, pkg/service/model_build_load_balancer.go (buildLoadBalancerAttributes); an attribute of the
 * target group overrides the one of the load balancer (AWS, "Cross-zone load balancing for target groups").
 */
export function crossZoneOf(controller: Controller, service: ServiceObject): Switch {
  if (controller === "unknown" || controller === "static") return UNKNOWN;
  const { annotations } = service;
  const ofController = annotations.get(AWS_ANNOTATIONS.crossZone);
  if (controller === "ccm") return explicit(ofController);

  const ofTargetGroup = parseAttributes(annotations.get(AWS_ANNOTATIONS.targetGroupAttributes) ?? "")?.get(CROSS_ZONE);
  if (ofTargetGroup !== undefined && ofTargetGroup !== "use_load_balancer_configuration") return explicit(ofTargetGroup);
  if (ofController !== undefined) return explicit(ofController);
  const ofLoadBalancer = parseAttributes(annotations.get(AWS_ANNOTATIONS.attributes) ?? "");
  return ofLoadBalancer === undefined ? UNKNOWN : explicit(ofLoadBalancer.get(CROSS_ZONE));
}

function explicit(asked: string | undefined): Switch {
  if (asked === undefined) return { enabled: false, origin: "default" };
  const enabled = parseGoBool(asked);
  return enabled === undefined ? UNKNOWN : { enabled, origin: "explicit" };
}

function attributesOf(controller: Controller, service: ServiceObject, port: number): Attributes {
  const base = parseAttributes(service.annotations.get(AWS_ANNOTATIONS.targetGroupAttributes) ?? "");
  if (base === undefined) return undefined;
  if (controller === "ccm") return [...base.keys()].every((key) => CCM_ATTRIBUTES.has(key)) ? base : undefined;
  const ofPort = parseAttributes(service.annotations.get(portAttributesAnnotation(port)) ?? "");
  return ofPort === undefined ? undefined : new Map([...base, ...ofPort]);
}

const strictBool = (text: string): boolean | undefined => (text === "true" ? true : text === "false" ? false : undefined);
