import type { ControllerContext } from "../../domain/controller-context.ts";
import type { LoadBalancerPort } from "../../domain/load-balancer.ts";
import type { Controller } from "../../domain/service.ts";
import type { TargetGroup } from "../../domain/target-group.ts";
import type { ServiceObject, ServicePort } from "../objects/service-object.ts";
import type { BindingFacts } from "../objects/target-group-binding.ts";
import type { AskedListener } from "./asked-listeners.ts";
import { type AttributeCall, withheldAttributes } from "./attribute-calls.ts";
import { targetGroupAttributesOf } from "./attributes.ts";
import type { Findings } from "./findings.ts";
import { type ForwardedGroup, forwardedGroups, type ServiceOf } from "./forwarded-groups.ts";
import { targetGroupOf } from "./target-group.ts";

export interface PortsInput {
  readonly controller: Controller;
  readonly service: ServiceObject;
  readonly listeners: readonly AskedListener[];
  readonly ofLoadBalancer: ReadonlyMap<string, string> | undefined;
  readonly bindingOf: ((port: ServicePort) => BindingFacts | undefined) | undefined;
  readonly serviceOf: ServiceOf | undefined;
  readonly context: ControllerContext;
}

type Behind = NonNullable<ForwardedGroup["behind"]>;

/** The ports of a Service's load balancer: one for each listener, with the target groups that it forwards to. */
export function portsOf(input: PortsInput, findings: Findings): readonly LoadBalancerPort[] {
  const { controller, service, listeners, ofLoadBalancer, bindingOf, serviceOf, context } = input;
  const forwarded = listeners
    .map((listener) => ({
      listener,
      groups: forwardedGroups(controller, service, listener, { context, serviceOf }, findings),
    }))
    .filter(({ listener }) => listener.isDropped !== true);
  const callOf = ({ protocol }: AskedListener, { service, port }: Behind): AttributeCall => ({
    id: idOf(service, port),
    attributes: targetGroupAttributesOf(controller, service, port.port, context, findings),
    protocol,
  });
  const calls = forwarded.flatMap(({ listener, groups }) =>
    groups.flatMap(({ behind }) => (behind === undefined ? [] : [callOf(listener, behind)])),
  );
  const withheldOf = withheldAttributes(calls);
  const groupOf = (listener: AskedListener, { service: behind, port }: Behind): TargetGroup => {
    const { attributes, protocol } = callOf(listener, { service: behind, port });
    const withheld = withheldOf(idOf(behind, port));
    const binding = behind === service ? bindingOf?.(port) : undefined;
    const asked = { controller, service: behind, port, protocol, attributes, withheld };
    return targetGroupOf({ ...asked, ofLoadBalancer, binding, context }, findings);
  };
  return forwarded.map(({ listener, groups: [own, ...others] }) => {
    const { port, tlsTerminated } = listener;
    const siblings = others.map(({ weight, behind }) => ({
      weight,
      port: behind?.port.port,
      targetGroup: behind === undefined ? undefined : groupOf(listener, behind),
      hasSameBackends: behind?.service.name === service.name,
    }));
    const group = { ...groupOf(listener, { service, port }), weight: own.weight };
    return {
      port: port.port,
      name: port.name,
      transport: port.protocol,
      tlsTerminated,
      targetGroup: siblings.length === 0 ? group : { ...group, siblings },
    };
  });
}

const idOf = ({ namespace, name }: ServiceObject, { port }: ServicePort): string => `${namespace}/${name}:${port}`;
