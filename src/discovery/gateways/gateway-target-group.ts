import { type ControllerContext, lbcHas } from "../../domain/controller-context.ts";
import { type Switch, type TargetGroup, type TargetType, UNKNOWN_SWITCH } from "../../domain/target-group.ts";
import { parseGoBool } from "../objects/annotations.ts";
import type { TargetGroupProps } from "../objects/gateway-config-objects.ts";
import type { ServiceObject, ServicePort } from "../objects/service-object.ts";
import { shown } from "../problems.ts";
import { CROSS_ZONE, PRESERVE, STICKINESS } from "../rules/attributes.ts";
import { preservation } from "../rules/client-ip.ts";
import { crossZone } from "../rules/cross-zone.ts";
import type { Findings } from "../rules/findings.ts";

export interface GatewayTargetGroupInput {
  readonly props: TargetGroupProps;
  /** The Service whose pods stand behind it; `undefined`: it is not there. */
  readonly service: ServiceObject | undefined;
  /** The port of that Service, where it has it. */
  readonly servicePort: ServicePort | undefined;
  readonly port: { readonly port: number; readonly protocol: string };
  /** The listener is for UDP, or for TCP and UDP both. */
  readonly forced: boolean;
  /** Attributes of the load balancer; `undefined`: they are not known. */
  readonly ofLoadBalancer: ReadonlyMap<string, string> | undefined;
  readonly context: ControllerContext;
}

/** The target group that the controller makes for one Service behind a listener of a Gateway. */
export function gatewayTargetGroup(input: GatewayTargetGroupInput, findings: Findings): TargetGroup {
  const { props, service, ofLoadBalancer } = input;
  const targetType = targetTypeOf(input, findings);
  const { attributes } = props;
  return {
    targetType,
    preserveClientIp: targetType === undefined ? UNKNOWN_SWITCH : preserveOf(input, targetType, findings),
    crossZone: crossZone(attributes.get(CROSS_ZONE), undefined, ofLoadBalancer, findings),
    externalTrafficPolicy: service?.externalTrafficPolicy ?? "Cluster",
    stickiness: parseGoBool(attributes.get(STICKINESS) ?? "") === true,
    nodeSelector: props.nodeSelector === undefined ? new Map() : props.nodeSelector.labels,
    multiCluster: props.multiCluster === true,
    weight: 1,
    ipFamily: service?.ipFamilies.includes("IPv6") === true ? 6 : 4,
  };
}

/** Target groups of these protocols always preserve. */
const PRESERVING: ReadonlySet<string> = new Set(["UDP", "TCP_UDP", "QUIC", "TCP_QUIC"]);

/** What is no switch the controller passes on, and AWS refuses. */
function preserveOf({ props, port, forced }: GatewayTargetGroupInput, targetType: TargetType, findings: Findings): Switch {
  const text = props.attributes.get(PRESERVE);
  const always = forced || PRESERVING.has(props.protocol ?? "");
  if (!always && text !== undefined && parseGoBool(text) === undefined) {
    findings.refuse(`${PRESERVE}: got ${shown(text)}, expected true or false.`, "aws");
    findings.doubt("Whether client IP preservation is on is not known: AWS refuses what is asked for, and keeps the last value.");
    return UNKNOWN_SWITCH;
  }
  const protocol = always && !forced ? (props.protocol ?? "") : port.protocol;
  const given = { controller: "lbc", targetType, port: { ...port, protocol }, forced: always, text, fate: "honoured" } as const;
  return preservation(given, findings);
}

function targetTypeOf(
  { props, service, servicePort, context }: GatewayTargetGroupInput,
  findings: Findings,
): TargetType | undefined {
  const wanted = props.targetType ?? (lbcHas(context, "defaultTargetType") ? context.lbcTargetType : "instance");
  if (wanted === "ip" || service === undefined) return wanted;
  const who = `Service ${service.namespace}/${service.name}`;
  if (service.type === "ClusterIP") {
    findings.refuse(`${who}: got type ClusterIP, expected NodePort or LoadBalancer: instance targets need node ports.`);
    return undefined;
  }
  if (servicePort !== undefined && servicePort.nodePort === undefined) {
    findings.refuse(`${who}: got no node port for port ${servicePort.port}, expected one: instance targets need node ports.`);
    return undefined;
  }
  return wanted;
}

/**
 * Several target groups as one: what they have in common, and unknown where they differ.
 *
 * @param weight - Share of the connections that this is about; `undefined` where the groups share them.
 */
export function inCommon(groups: readonly TargetGroup[], weight: number | undefined): TargetGroup | undefined {
  const [first, ...others] = groups;
  if (first === undefined) return undefined;
  const same = <T>(of: (group: TargetGroup) => T): boolean => others.every((group) => of(group) === of(first));
  const switchInCommon = (of: (group: TargetGroup) => Switch): Switch =>
    same((group) => of(group).enabled) && same((group) => of(group).origin)
      ? of(first)
      : { enabled: same((group) => of(group).enabled) ? of(first).enabled : undefined, origin: "unknown" };
  return {
    ...first,
    targetType: same(({ targetType }) => targetType) ? first.targetType : undefined,
    preserveClientIp: switchInCommon(({ preserveClientIp }) => preserveClientIp),
    crossZone: switchInCommon((group) => group.crossZone),
    stickiness: groups.some(({ stickiness }) => stickiness),
    multiCluster: groups.some(({ multiCluster }) => multiCluster),
    nodeSelector: same(({ nodeSelector }) => JSON.stringify([...(nodeSelector ?? [])])) ? first.nodeSelector : undefined,
    weight,
  };
}
