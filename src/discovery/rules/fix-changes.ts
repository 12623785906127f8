import type { AnnotationChange } from "../../domain/fix.ts";
import { type LoadBalancer, type LoadBalancerPort, preservationOf } from "../../domain/load-balancer.ts";
import { AWS_ANNOTATIONS, portAttributesAnnotation, removeAttribute, setAttribute } from "../objects/annotations.ts";
import { PRESERVE } from "./attributes.ts";

type Annotations = ReadonlyMap<string, string>;

type Group = Pick<LoadBalancerPort, "port" | "targetGroup">;

const isForced = ({ targetGroup }: Group): boolean => targetGroup.preserveClientIp.origin === "forced";

/** The target groups of a port, each with the port whose annotation is for it: of its own Service, or of one that it forwards to. */
const groupsOf = ({ port, targetGroup }: LoadBalancerPort): readonly Group[] => [
  { port, targetGroup },
  ...(targetGroup.siblings ?? []).flatMap(({ port, targetGroup }) =>
    port === undefined || targetGroup === undefined ? [] : [{ port, targetGroup }],
  ),
];

/**
 * The annotations that switch client IP preservation off on every port where it can be: the general one, and those of ports
 * that say otherwise; where it may not be general, because some port always preserves, those of the other ports alone.
 *
 * @param perPort - Whether the controller reads annotations of single ports.
 * @returns `undefined` where ports would have to differ and the controller cannot make them.
 */
export function switchingOff(
  listeners: readonly LoadBalancerPort[],
  annotations: Annotations,
  perPort: boolean,
): readonly AnnotationChange[] | undefined {
  const ports = listeners.flatMap(groupsOf);
  const off = (key: string): AnnotationChange => ({ key, value: setAttribute(annotations.get(key) ?? "", PRESERVE, "false") });
  const isChange = ({ key, value }: AnnotationChange): boolean => value !== annotations.get(key);
  const general = AWS_ANNOTATIONS.targetGroupAttributes;
  if (!ports.some(isForced)) {
    const overriding = ports
      .map(({ port }) => portAttributesAnnotation(port))
      .filter((key) => perPort && (annotations.get(key) ?? "").includes(PRESERVE));
    return [...new Set([general, ...overriding])].map(off).filter(isChange);
  }
  if (!perPort) return undefined;
  // AWS refuses to switch it off where it is forced, and then takes nothing else that comes with it.
  const refused = [general, ...ports.filter(isForced).map(({ port }) => portAttributesAnnotation(port))];
  const cleared = [...new Set(refused)]
    .filter((key) => (annotations.get(key) ?? "").includes(PRESERVE))
    .map((key) => ({ key, value: removeAttribute(annotations.get(key) ?? "", PRESERVE) || undefined }));
  const others = [...new Set(ports.filter((port) => !isForced(port)).map(({ port }) => portAttributesAnnotation(port)))];
  return [
    ...cleared,
    ...others
      .filter((key) => !refused.includes(key))
      .map(off)
      .filter(isChange),
  ];
}

/**
 * The annotations by which the AWS Load Balancer Controller makes a new NLB for a Service that the cloud provider had, with
 * targets as they are asked for or else as they were.
 *
 * @param internal - Whether the old one is; `undefined`: that is not known, and nothing is said about the new one.
 */
export function asExternal(annotations: Annotations, internal: boolean | undefined): readonly AnnotationChange[] {
  const targetType = annotations.get(AWS_ANNOTATIONS.targetType) === "ip" ? "ip" : "instance";
  return [
    { key: AWS_ANNOTATIONS.type, value: "external" },
    { key: AWS_ANNOTATIONS.targetType, value: targetType },
    ...(internal === true ? [{ key: AWS_ANNOTATIONS.scheme, value: "internal" }] : []),
  ];
}

/** The annotations with the changes made. */
export function withChanges(annotations: Annotations, changes: readonly AnnotationChange[]): Annotations {
  const next = new Map(annotations);
  for (const { key, value } of changes) {
    if (value === undefined) next.delete(key);
    else next.set(key, value);
  }
  return next;
}

/** Whether a load balancer is as good as it can be: nothing refused, and preservation off wherever AWS lets it be. */
export const isFixed = ({ internal, refusals, ports }: LoadBalancer): boolean =>
  internal.enabled === true &&
  refusals.length === 0 &&
  ports.length > 0 &&
  ports.every((port) => isForced(port) || preservationOf(port.targetGroup).every((enabled) => enabled === false));
