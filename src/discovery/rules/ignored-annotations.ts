import { type ControllerContext, ccmHonoursAttributes, lbcHas } from "../../domain/controller-context.ts";
import type { IgnoredAnnotation } from "../../domain/load-balancer.ts";
import type { Controller } from "../../domain/service.ts";
import type { TargetType } from "../../domain/target-group.ts";
import { AWS_ANNOTATIONS, type ReadAnnotations } from "../objects/annotations.ts";
import type { ServiceObject } from "../objects/service-object.ts";
import { shown } from "../problems.ts";
import { CCM_INSTEAD, OF_CLASSIC, OF_LISTENERS, READ_BY_CCM, READ_BY_LBC } from "./annotation-readers.ts";

const PREFIX = AWS_ANNOTATIONS.type.slice(0, -"type".length);
const ACTIONS = /^service\.beta\.kubernetes\.io\/actions\.[A-Z_]+-(\d+)$/;

/** The release of the controller that brought an annotation, of those that one may well run without. */
const LBC_FEATURES = {
  "target-group-attributes": "targetGroupAttributes",
  scheme: "schemeAndExternal",
  "multi-cluster-target-group": "multiCluster",
  "enable-tcp-udp-listener": "tcpUdpListener",
  "quic-enabled-ports": "quic",
} as const;

/**
 * The annotations of AWS load balancers that a Service has and whoever makes its NLB does not follow, each with the reason.
 *
 * @see aws-load-balancer-controller, docs/guide/service/annotations.md; cloud-provider-aws, docs/service_controller.md; EKS user
 * guide, "Use Service Annotations to configure Network Load Balancers".
 */
export function ignoredAnnotationsOf(
  controller: Controller,
  service: ServiceObject,
  context: ControllerContext,
): readonly IgnoredAnnotation[] {
  if (controller !== "lbc" && controller !== "ccm" && controller !== "eks-auto") return [];
  const names = [...service.annotations.keys(), ...service.oversized, ...service.unread];
  const why = controller === "ccm" ? ignoredByCcm : ignoredByLbc;
  return names.toSorted().flatMap((annotation) => {
    const suffix = annotation.startsWith(PREFIX) ? annotation.slice(PREFIX.length) : annotation;
    const isAws = suffix !== annotation || ACTIONS.test(annotation);
    const reason = isAws ? (why(suffix, service, context, controller) ?? withoutUse(suffix, service)) : undefined;
    return reason === undefined ? [] : [{ annotation, reason }];
  });
}

function ignoredByCcm(suffix: string, _service: ServiceObject, context: ControllerContext): string | undefined {
  if (suffix === "target-group-attributes" && ccmHonoursAttributes(context) === false) {
    return "this version of the cloud provider does not know it";
  }
  if (READ_BY_CCM.has(suffix)) return undefined;
  const instead = CCM_INSTEAD[suffix];
  if (instead !== undefined) return instead;
  if (OF_CLASSIC.has(suffix)) return "the cloud provider reads it for Classic Load Balancers alone";
  const isControllers = READ_BY_LBC.has(suffix) || OF_LISTENERS.test(suffix) || ACTIONS.test(suffix);
  return isControllers ? "the AWS Load Balancer Controller reads it, the cloud provider does not" : NOBODY;
}

const NOBODY = "no controller that is known to make NLBs reads it";

function ignoredByLbc(
  suffix: string,
  service: ServiceObject,
  context: ControllerContext,
  controller: Controller,
): string | undefined {
  const isAuto = controller === "eks-auto";
  const who = isAuto ? "EKS Auto Mode" : "the AWS Load Balancer Controller";
  const { annotations, loadBalancerClass } = service;
  if (isAuto && suffix === "internal") return "EKS Auto Mode reads aws-load-balancer-scheme instead";
  const feature = Object.entries(LBC_FEATURES).find(([name]) => name === suffix)?.[1];
  const isOfListener = OF_LISTENERS.test(suffix);
  if (!isAuto && feature !== undefined && !lbcHas(context, feature)) return `this version of ${who} does not know it`;
  if (!isAuto && suffix.startsWith("target-group-attributes.") && !lbcHas(context, "portAttributes")) {
    return `this version of ${who} does not know it`;
  }
  if (ACTIONS.test(suffix))
    return isAuto || lbcHas(context, "weightedTargetGroups") ? undefined : `this version of ${who} does not know it`;
  if (!READ_BY_LBC.has(suffix) && !isOfListener) {
    return OF_CLASSIC.has(suffix) || READ_BY_CCM.has(suffix) ? `the cloud provider reads it, ${who} does not` : NOBODY;
  }
  const type = annotations.get(AWS_ANNOTATIONS.type);
  if (suffix === "type" && loadBalancerClass !== undefined && type !== "external" && type !== "nlb-ip") {
    return `the load balancer class decides, not the type ${shown(type)}`;
  }
  if (suffix === "internal" && annotations.has(AWS_ANNOTATIONS.scheme) && lbcHas(context, "schemeAndExternal")) {
    return "aws-load-balancer-scheme decides where both are given";
  }
  const { lbcTargetType } = context;
  if (suffix === "nlb-target-type") return targetTypeWithoutUse(service, isAuto, lbcTargetType);
  const asked = annotations.get(AWS_ANNOTATIONS.targetType) ?? (isAuto ? "ip" : lbcTargetType);
  if (suffix === "target-node-labels" && (asked === "ip" || type === "nlb-ip")) return "targets of type ip are pods, not nodes";
  return undefined;
}

function targetTypeWithoutUse({ annotations }: ServiceObject, isAuto: boolean, byDefault: TargetType): string | undefined {
  const asked = annotations.get(AWS_ANNOTATIONS.targetType);
  if (asked === undefined || asked === "ip") return undefined;
  if (!isAuto && annotations.get(AWS_ANNOTATIONS.type) === "nlb-ip") return "the type nlb-ip makes targets of type ip";
  // What is no target type is one of instances, where the controller would make others by itself.
  return asked === "instance" || (!isAuto && byDefault === "ip") ? undefined : `${shown(asked)} is no target type`;
}

/** What any controller reads, and what changes nothing as the rest of the Service is. */
function withoutUse(suffix: string, { annotations, ports }: ServiceObject): string | undefined {
  if ((suffix === "ssl-ports" || suffix === "ssl-negotiation-policy") && !annotations.get(AWS_ANNOTATIONS.sslCert)) {
    return "without aws-load-balancer-ssl-cert there is no TLS listener";
  }
  const port = /^target-group-attributes\.(\d+)$/.exec(suffix)?.[1] ?? ACTIONS.exec(suffix)?.[1];
  if (port === undefined || ports.some((each) => each.port === Number(port))) return undefined;
  return `the Service has no port ${port}`;
}

/** Those that a Gateway has, and the Services behind it that have no NLB of their own: its controller reads its own kinds instead. */
export const ignoredOnGateway = (gateway: ReadAnnotations, behind: Iterable<ServiceObject>): readonly IgnoredAnnotation[] => [
  ...awsAnnotationsOf(gateway).map((annotation) => ({
    annotation,
    reason: "of a Gateway, LoadBalancerConfiguration and TargetGroupConfiguration say what annotations of a Service would",
  })),
  ...[...behind].flatMap((service) =>
    awsAnnotationsOf(service).map((annotation) => ({
      annotation,
      reason: `Service ${service.namespace}/${service.name} stands behind a Gateway, where TargetGroupConfiguration says what it would`,
    })),
  ),
];

const awsAnnotationsOf = ({ annotations, oversized, unread }: ReadAnnotations): readonly string[] =>
  [...annotations.keys(), ...oversized, ...unread]
    .filter((annotation) => annotation.startsWith(PREFIX) || ACTIONS.test(annotation))
    .toSorted();
