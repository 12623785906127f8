import { type ControllerContext, ccmHonoursAttributes, lbcHas } from "../../domain/controller-context.ts";
import type { AnnotationChange, Fix } from "../../domain/fix.ts";
import { canHairpin, type LoadBalancer, type LoadBalancerPort, preservationOf } from "../../domain/load-balancer.ts";
import { AWS_ANNOTATIONS, portAttributesAnnotation, setAttribute } from "../objects/annotations.ts";
import { PRESERVE } from "./attributes.ts";

type Annotations = ReadonlyMap<string, string>;

export const COSTS = [
  "Backends no longer see their clients' addresses, but the NLB's: access logs, allow-lists and NetworkPolicies that go by them change." +
    " (Instance targets with externalTrafficPolicy Cluster never saw them.)",
  "At most 55,000 connections a minute from each address of the NLB to each target.",
  "New connections only: those that are open stay as they are.",
] as const;
const IP_TARGETS =
  "Targets of type ip, where preservation is off by default: a new target group, empty until the pods pass its health checks.";
const IN_CLUSTER = "Calls from inside the cluster past the NLB, by the Service's own name (SERVICE.NAMESPACE.svc).";
const PLACEMENT = "Callers on nodes that are no targets: a node selector for the NLB, or node affinity for the callers.";

/**
 * What ends the hairpins of a Service's NLB.
 *
 * @param annotations - The Service's, as they are: what is set already stays.
 * @returns `undefined` where nothing is to be fixed, or it is not known that there is.
 * @see AWS, NLB user guide, "Troubleshoot your Network Load Balancer"; "Edit target group attributes".
 */
export function fixOf(loadBalancer: LoadBalancer, annotations: Annotations, context: ControllerContext): Fix | undefined {
  if (loadBalancer.kind !== "Service" || canHairpin(loadBalancer) !== true) return undefined;
  const preserving = loadBalancer.ports.filter(({ targetGroup }) => preservationOf(targetGroup).includes(true));
  const forced = preserving.filter(({ targetGroup }) => targetGroup.preserveClientIp.origin === "forced");
  const switchable = preserving.length > forced.length;
  const { controller } = loadBalancer;
  const stays = forced.map(({ port, transport }) => `${port}/${transport}`).join(", ");
  const caveats =
    forced.length === 0 ? [] : [`Preservation cannot be off for ${stays}: UDP and QUIC target groups always preserve.`];
  const alternatives = [
    ...(controller !== "ccm" && forced.length === 0 ? [IP_TARGETS] : []),
    IN_CLUSTER,
    ...(preserving.some(({ targetGroup }) => targetGroup.targetType === "instance") ? [PLACEMENT] : []),
  ];
  const without = (reason: string): Fix => ({
    summary: reason,
    annotations: [],
    manifest: "",
    caveats,
    costs: [],
    alternatives,
  });
  if (!switchable) return without("No setting of the NLB ends it: only where callers run, or what they call, does.");
  if (controller === "ccm" && ccmHonoursAttributes(context) === false) {
    return without(
      "This version of the cloud provider ignores the setting: upgrade it to 1.32.6, 1.33.3 or 1.34.2, or make the Service anew for the AWS Load Balancer Controller.",
    );
  }
  if (controller === "lbc" && !lbcHas(context, "targetGroupAttributes")) {
    return without("This version of the AWS Load Balancer Controller does not know target group attributes: 2.1.0 does.");
  }
  const changes = changesFor(loadBalancer.ports, annotations, forced.length > 0, knowsPorts(controller, context));
  if (changes === undefined) {
    return without(
      "One annotation is for all ports, and AWS refuses it for those that always preserve: split the Service by transport.",
    );
  }
  return {
    summary: "Switches client IP preservation off.",
    annotations: changes,
    manifest: "",
    caveats: controller === "ccm" ? [...ccmCaveats(context), ...caveats] : caveats,
    costs: COSTS,
    alternatives,
  };
}

const knowsPorts = (controller: LoadBalancer["controller"], context: ControllerContext): boolean =>
  controller === "eks-auto" || (controller === "lbc" && lbcHas(context, "portAttributes"));

function ccmCaveats(context: ControllerContext): readonly string[] {
  if (ccmHonoursAttributes(context) === true) return [];
  return ["The cloud provider honours it since 1.32.6, 1.33.3 and 1.34.2 (and in 1.34.0, not in 1.34.1), and ignores it before."];
}

/**
 * The general annotation, and those of ports that say otherwise; only those of ports where the general one may not be.
 *
 * @returns `undefined` where ports would have to differ and the controller cannot make them.
 */
function changesFor(
  ports: readonly LoadBalancerPort[],
  annotations: Annotations,
  hasForced: boolean,
  perPort: boolean,
): readonly AnnotationChange[] | undefined {
  const switchedOff = (key: string): AnnotationChange => ({
    key,
    value: setAttribute(annotations.get(key) ?? "", PRESERVE, "false"),
  });
  const groups = ports.flatMap(groupsOf);
  if (hasForced) {
    if (!perPort) return undefined;
    const switchable = groups.filter(
      ({ targetGroup: { preserveClientIp } }) => preserveClientIp.enabled === true && preserveClientIp.origin !== "forced",
    );
    return [...new Set(switchable.map(({ port }) => portAttributesAnnotation(port)))].map(switchedOff);
  }
  const overriding = groups
    .map(({ port }) => portAttributesAnnotation(port))
    .filter((key) => perPort && (annotations.get(key) ?? "").includes(PRESERVE));
  return [...new Set([AWS_ANNOTATIONS.targetGroupAttributes, ...overriding])].map(switchedOff);
}

/** The target groups of a port, each with the port whose annotation is for it: of its own Service, or of one that it forwards to. */
const groupsOf = ({ port, targetGroup }: LoadBalancerPort): readonly Pick<LoadBalancerPort, "port" | "targetGroup">[] => [
  { port, targetGroup },
  ...(targetGroup.siblings ?? []).flatMap(({ port, targetGroup }) =>
    port === undefined || targetGroup === undefined ? [] : [{ port, targetGroup }],
  ),
];
