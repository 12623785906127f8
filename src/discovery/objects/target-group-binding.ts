import * as v from "valibot";
import type { NodeSelector, TargetType } from "../../domain/target-group.ts";
import { labelSelectorSchema, labelsOf } from "./label-selector.ts";
import { labels, mapping, name, optionalText, parseAs, port, text } from "./schema.ts";
import type { ServicePort } from "./service-object.ts";

/** A TargetGroupBinding, cut to what is used: what the controller registers in one target group. */
export interface BindingObject {
  readonly namespace: string;
  readonly name: string;
  readonly serviceName: string;
  /** Number or name of a port of the Service. */
  readonly servicePort: string;
  /** For what a controller made it; `undefined`: somebody else did, for a target group of their own. */
  readonly madeFor: { readonly kind: string; readonly namespace: string; readonly name: string } | undefined;
  readonly facts: BindingFacts;
}

/** What a TargetGroupBinding says of its target group. */
export interface BindingFacts {
  /** `undefined`: it does not say. */
  readonly targetType: TargetType | undefined;
  /** As in `TargetGroup`. */
  readonly nodeSelector: NodeSelector | undefined;
  readonly multiCluster: boolean;
  /** `undefined`: it does not say. */
  readonly ipFamily: 4 | 6 | undefined;
  /** Of the target group: `TCP`, `TCP_UDP` and so on; `undefined`: it does not say. */
  readonly protocol: string | undefined;
}

const bindingSchema = mapping({
  metadata: mapping({ namespace: name, name, labels }),
  spec: mapping({
    serviceRef: mapping({ name, port: v.union([port, text], "a port from 1 to 65535, or the name of one") }),
    targetType: optionalText,
    nodeSelector: v.nullish(labelSelectorSchema),
    ipAddressType: optionalText,
    targetGroupProtocol: optionalText,
    multiClusterTargetGroup: v.nullish(v.boolean(), false),
  }),
});

/** `service.k8s.aws/stack-name`, `ingress.k8s.aws/stack`, and the like of Gateways and of EKS Auto Mode. */
const STACK_LABEL = /^(service|ingress|gateway)[a-z0-9.-]*\/stack(-name|-namespace)?$/;

/**
 * @throws ObjectError when it is no TargetGroupBinding.
 * @see aws-load-balancer-controller, TargetGroupBinding elbv2.k8s.aws/v1beta1; EKS Auto Mode has its own in eks.amazonaws.com/v1.
 */
export function parseBinding(object: unknown): BindingObject {
  const { metadata, spec } = parseAs(bindingSchema, object, "TargetGroupBinding");
  return {
    namespace: metadata.namespace,
    name: metadata.name,
    serviceName: spec.serviceRef.name,
    servicePort: String(spec.serviceRef.port),
    madeFor: stackOf(metadata.labels),
    facts: {
      targetType: spec.targetType === "instance" || spec.targetType === "ip" ? spec.targetType : undefined,
      nodeSelector: labelsOf(spec.nodeSelector),
      multiCluster: spec.multiClusterTargetGroup,
      ipFamily: spec.ipAddressType === undefined || spec.ipAddressType === null ? undefined : familyOf(spec.ipAddressType),
      protocol: spec.targetGroupProtocol || undefined,
    },
  };
}

function stackOf(found: readonly (readonly [string, string])[]): BindingObject["madeFor"] {
  const stack = { kind: "", namespace: "", name: "" };
  for (const [key, value] of found) {
    const [, kind, part] = STACK_LABEL.exec(key) ?? [];
    if (kind === undefined) continue;
    stack.kind = kind;
    if (part === "-namespace") stack.namespace = value;
    else stack.name = value;
  }
  return stack.kind === "" ? undefined : stack;
}

const familyOf = (ipAddressType: string): 4 | 6 | undefined =>
  ipAddressType === "ipv4" ? 4 : ipAddressType === "ipv6" ? 6 : undefined;

/** Whether a binding of the Service is for this port of it. */
export const bindsPort = ({ servicePort }: BindingObject, { port, name }: Pick<ServicePort, "port" | "name">): boolean =>
  servicePort === String(port) || (name !== "" && servicePort === name);

/**
 * What the bindings of one Service say of its own load balancer, asked by port.
 *
 * One that was made for an Ingress, a Gateway or another Service is of another load balancer. Where several bind one port
 * (weights), what they have in common is not worth the guess.
 */
export function bindingFactsOf(bindings: readonly BindingObject[]): (port: ServicePort) => BindingFacts | undefined {
  const own = bindings.filter(
    ({ namespace, serviceName, madeFor }) =>
      madeFor?.kind === "service" && madeFor.namespace === namespace && madeFor.name === serviceName,
  );
  return (port) => {
    const found = own.filter((binding) => bindsPort(binding, port));
    return found.length === 1 ? found[0]?.facts : undefined;
  };
}
