import type { Controller } from "./service.ts";
import { type Switch, type TargetGroup, UNKNOWN_SWITCH } from "./target-group.ts";

/** One port of a load balancer, whatever its transport. */
export interface LoadBalancerPort {
  readonly port: number;
  readonly name: string;
  /** `TCP`, `UDP` and so on, as the Service or the Gateway's listener says. */
  readonly transport: string;
  /** The load balancer terminates TLS itself. */
  readonly tlsTerminated: boolean;
  readonly targetGroup: TargetGroup;
}

/** Why a load balancer is not as its configuration says: the controller, or AWS, refuses it and leaves things as they are. */
export interface Refusal {
  readonly by: "controller" | "aws";
  readonly detail: string;
}

/** An annotation that whoever makes the load balancer does not follow. */
export interface IgnoredAnnotation {
  readonly annotation: string;
  /** The end of "it is ignored: ". */
  readonly reason: string;
}

/**
 * What the configuration of one Service or Gateway implies: everything that the Kubernetes API tells about its load balancer,
 * whether that is an internal NLB or not.
 */
export interface LoadBalancer {
  readonly kind: "Service" | "Gateway";
  readonly namespace: string;
  readonly name: string;
  readonly controller: Controller;
  readonly isNlb: boolean;
  /** Why it is no NLB; "" when it is one. */
  readonly notNlb: string;
  readonly internal: Switch;
  /** Names in the status; empty while the load balancer is being made. */
  readonly hostnames: readonly string[];
  /** Addresses that kube-proxy answers for itself, so that the NLB is never reached at them. */
  readonly shortcuts: readonly string[];
  /** DNS answers a client with the addresses of its own zone only, or mostly. */
  readonly zonalAffinity: boolean;
  readonly ports: readonly LoadBalancerPort[];
  /** There may be ports besides these, of which nothing is known. */
  readonly hasUnseenPorts?: boolean;
  readonly refusals: readonly Refusal[];
  readonly ignored?: readonly IgnoredAnnotation[];
  /** One sentence for each thing that is not known: what, and what would settle it. */
  readonly doubts: readonly string[];
}

/**
 * Whether a connection through this load balancer can hairpin at all, from a pod on a registered node.
 *
 * @returns `undefined` where that is not known: what is refused, what is not known to be internal, what kube-proxy may answer.
 */
export function canHairpin(loadBalancer: LoadBalancer): boolean | undefined {
  const { kind, isNlb, internal, ports, hasUnseenPorts, shortcuts } = loadBalancer;
  if (!isNlb) return false;
  if (internal.enabled !== true || shortcuts.length > 0 || isRefused(loadBalancer)) return undefined;
  // A Gateway without listeners may have some that are not known here; a Service says all of its own.
  if (ports.length === 0) return kind === "Service" ? false : undefined;
  const preserved = ports.flatMap(({ targetGroup }) => preservationOf(targetGroup));
  if (preserved.includes(true)) return true;
  return hasUnseenPorts === true || preserved.includes(undefined) ? undefined : false;
}

/** Whether each target group that a listener forwards to preserves; those that get no connections besides its own do not count. */
export const preservationOf = ({ preserveClientIp, siblings = [] }: TargetGroup): readonly (boolean | undefined)[] => [
  preserveClientIp.enabled,
  ...siblings.filter(({ weight }) => weight !== 0).map(({ targetGroup }) => targetGroup?.preserveClientIp.enabled),
];

/** What the controller refuses it does not apply, all of it, and what there was before is not known. */
export const isRefused = ({ refusals }: LoadBalancer): boolean => refusals.some(({ by }) => by === "controller");

/** The ports as they are known to be: where the controller refuses what is asked for, only what a binding tells. */
export function portsInForce(loadBalancer: LoadBalancer): readonly LoadBalancerPort[] {
  const { ports } = loadBalancer;
  return isRefused(loadBalancer) ? ports.map((port) => ({ ...port, targetGroup: inDoubt(port.targetGroup) })) : ports;
}

const inDoubt = ({
  externalTrafficPolicy,
  isBound,
  targetType,
  nodeSelector,
  multiCluster,
  ipFamily,
}: TargetGroup): TargetGroup => ({
  targetType: undefined,
  preserveClientIp: UNKNOWN_SWITCH,
  crossZone: UNKNOWN_SWITCH,
  externalTrafficPolicy,
  stickiness: false,
  nodeSelector: undefined,
  multiCluster: false,
  weight: undefined,
  ipFamily: undefined,
  ...(isBound && { isBound, targetType, nodeSelector, multiCluster, ipFamily }),
});
