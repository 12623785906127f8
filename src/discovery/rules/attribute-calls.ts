import type { TargetGroup } from "../../domain/target-group.ts";
import { parseGoBool } from "../objects/annotations.ts";
import { shown } from "../problems.ts";
import { alwaysPreserves } from "./asked-listeners.ts";
import { type AskedAttributes, CROSS_ZONE, PRESERVE, STICKINESS } from "./attributes.ts";

/** One target group that the AWS Load Balancer Controller is to bring to its attributes. */
export interface AttributeCall {
  /** `namespace/service:port`: it goes by their order. */
  readonly id: string;
  readonly attributes: AskedAttributes;
  readonly protocol: string | undefined;
}

/** All that AWS documents for NLBs. @see AWS, NLB user guide, "Edit target group attributes". */
const DOCUMENTED: readonly string[] = [
  PRESERVE,
  CROSS_ZONE,
  STICKINESS,
  "stickiness.type",
  "proxy_protocol_v2.enabled",
  "deregistration_delay.timeout_seconds",
  "deregistration_delay.connection_termination.enabled",
  "target_group_health.dns_failover.minimum_healthy_targets.count",
  "target_group_health.dns_failover.minimum_healthy_targets.percentage",
  "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count",
  "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage",
  "target_health_state.unhealthy.connection_termination.enabled",
  "target_health_state.unhealthy.draining_interval_seconds",
];

/**
 * Which target groups do not come to what is asked for, and why.
 *
 * All attributes of one go in one call, which AWS does whole or not at all; and where it does not, the controller ends there, so that
 * the target groups behind it stay as they were, too.
 *
 * @see aws-load-balancer-controller, pkg/deploy/elbv2/target_group_attributes_reconciler.go, target_group_synthesizer.go.
 */
export function withheldAttributes(calls: readonly AttributeCall[]): (id: string) => string | undefined {
  const found = new Map<string, string>();
  let because: string | undefined;
  for (const { id, attributes, protocol } of calls.toSorted((a, b) => (a.id < b.id ? -1 : 1))) {
    because ??= attributes.fate === "honoured" ? problemOf(attributes.asked, protocol) : undefined;
    if (because !== undefined) found.set(id, because);
  }
  return (id) => found.get(id);
}

function problemOf(asked: ReadonlyMap<string, string>, protocol: string | undefined): string | undefined {
  const whole = "and with it all that is asked of the target groups in that call and after it";
  const crossZone = asked.get(CROSS_ZONE);
  if (crossZone !== undefined && !isCrossZone(crossZone)) return `AWS refuses ${shown(crossZone)} for ${CROSS_ZONE}, ${whole}`;
  const isOff = parseGoBool(asked.get(PRESERVE) ?? "") === false;
  if (isOff && protocol !== undefined && alwaysPreserves(protocol))
    return `AWS refuses false for ${PRESERVE} with ${protocol}, ${whole}`;
  const unheard = [...asked.keys()].find((key) => !DOCUMENTED.includes(key));
  if (unheard !== undefined)
    return `AWS may refuse ${shown(unheard)}, which is no attribute that it documents for NLBs, ${whole}`;
  return undefined;
}

/** What AWS takes, to the letter. */
const isCrossZone = (text: string): boolean => ["true", "false", "use_load_balancer_configuration"].includes(text);

/** A target group as it is known to be where AWS withholds what is asked for. */
export const withoutWithheld = (group: TargetGroup, { asked }: AskedAttributes): TargetGroup =>
  asked.has(CROSS_ZONE) ? { ...group, crossZone: { enabled: undefined, origin: "unknown" } } : group;
