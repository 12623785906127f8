import { type ControllerContext, lbcHas } from "../../domain/controller-context.ts";
import { type Switch, type TargetGroup, type TargetType, UNKNOWN_SWITCH } from "../../domain/target-group.ts";
import { parseGoBool } from "../objects/annotations.ts";
import type { TargetGroupProps } from "../objects/gateway-config-objects.ts";
import type { ServiceObject } from "../objects/service-object.ts";
import { CROSS_ZONE, PRESERVE, STICKINESS } from "../rules/attributes.ts";
import { preservation } from "../rules/client-ip.ts";
import { crossZone } from "../rules/cross-zone.ts";
import type { Findings } from "../rules/findings.ts";

export interface GatewayTargetGroupInput {
  readonly props: TargetGroupProps;
  /** The Service whose pods stand behind it; `undefined`: it is not there. */
  readonly service: ServiceObject | undefined;
  readonly port: { readonly port: number; readonly protocol: string };
  /** The listener's protocol is one that always preserves. */
  readonly forced: boolean;
  /** Attributes of the load balancer; `undefined`: they are not known. */
  readonly ofLoadBalancer: ReadonlyMap<string, string> | undefined;
  readonly context: ControllerContext;
}

/** The target group that the controller makes for one Service behind a listener of a Gateway. */
export function gatewayTargetGroup(input: GatewayTargetGroupInput, findings: Findings): TargetGroup {
  const { props, service, port, forced, ofLoadBalancer, context } = input;
  const targetType = targetTypeOf(props, service, context, findings);
  const { attributes } = props;
  const text = attributes.get(PRESERVE);
  return {
    targetType,
    preserveClientIp:
      targetType === undefined
        ? UNKNOWN_SWITCH
        : preservation({ controller: "lbc", targetType, port, forced, text, fate: "honoured" }, findings),
    crossZone: crossZone(attributes.get(CROSS_ZONE), undefined, ofLoadBalancer, findings),
    externalTrafficPolicy: service?.externalTrafficPolicy ?? "Cluster",
    stickiness: parseGoBool(attributes.get(STICKINESS) ?? "") === true,
    nodeSelector: props.nodeSelector === undefined ? new Map() : props.nodeSelector.labels,
    multiCluster: props.multiCluster === true,
    weight: 1,
    ipFamily: props.ipFamily ?? (service?.ipFamilies[0] === "IPv6" ? 6 : 4),
  };
}

function targetTypeOf(
  props: TargetGroupProps,
  service: ServiceObject | undefined,
  context: ControllerContext,
  findings: Findings,
): TargetType | undefined {
  const wanted = props.targetType ?? (lbcHas(context, "defaultTargetType") ? context.lbcTargetType : "instance");
  if (wanted === "ip" || service === undefined || service.type !== "ClusterIP") return wanted;
  findings.refuse(
    `Service ${service.namespace}/${service.name}: got type ClusterIP, expected NodePort or LoadBalancer: instance targets need node ports.`,
  );
  return undefined;
}

/**
 * Several target groups, or several readings of one, as one: what they have in common, and unknown where they differ.
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
