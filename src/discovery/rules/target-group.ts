import { type ControllerContext, lbcHas } from "../../domain/controller-context.ts";
import type { Controller } from "../../domain/service.ts";
import type { TargetGroup } from "../../domain/target-group.ts";
import { AWS_ANNOTATIONS, parseGoBool } from "../objects/annotations.ts";
import type { ServiceObject, ServicePort } from "../objects/service-object.ts";
import type { BindingFacts } from "../objects/target-group-binding.ts";
import { withoutWithheld } from "./attribute-calls.ts";
import { type AskedAttributes, STICKINESS } from "./attributes.ts";
import { preserveClientIpOf } from "./client-ip.ts";
import { crossZoneOf } from "./cross-zone.ts";
import type { Findings } from "./findings.ts";
import { ipFamilyOf } from "./ip-family.ts";
import { nodeSelectorOf } from "./node-selector.ts";
import { targetTypeOf } from "./target-type.ts";

export interface TargetGroupInput {
  readonly controller: Controller;
  /** Whose pods stand behind it; its annotations are those of the Service that has the load balancer. */
  readonly service: ServiceObject;
  readonly port: ServicePort;
  /** Of the listener; `undefined`: TCP, or TCP and UDP. */
  readonly protocol: string | undefined;
  readonly attributes: AskedAttributes;
  /** Why AWS does not do what is asked for, where it does not. */
  readonly withheld: string | undefined;
  /** Attributes of the load balancer; `undefined`: they are refused. */
  readonly ofLoadBalancer: ReadonlyMap<string, string> | undefined;
  /** What a TargetGroupBinding says of this port: what there is, over what was asked for. */
  readonly binding: BindingFacts | undefined;
  readonly context: ControllerContext;
}

/** One target group behind a port of a Service, as its controller makes it. */
export function targetGroupOf(input: TargetGroupInput, findings: Findings): TargetGroup {
  const { controller, service, port, attributes, withheld, ofLoadBalancer, binding, context } = input;
  const { annotations } = service;
  const byController = controller === "lbc" || controller === "eks-auto";
  // What is asked for may be refused, even where a binding tells what there is.
  const askedType =
    byController || binding?.targetType === undefined ? targetTypeOf(controller, service, context, findings) : undefined;
  const targetType = binding?.targetType ?? askedType;
  const askedNodes = nodeSelectorOf(controller, service, targetType, context, findings);
  const askedFamily = ipFamilyOf(controller, service, findings);
  const protocol = binding?.protocol ?? input.protocol;
  const group: TargetGroup = {
    targetType,
    preserveClientIp: preserveClientIpOf(controller, port, { targetType, attributes, protocol, withheld }, findings),
    crossZone: crossZoneOf(controller, service, attributes, ofLoadBalancer, findings),
    externalTrafficPolicy: service.externalTrafficPolicy,
    stickiness: byController && attributes.fate === "honoured" && parseGoBool(attributes.asked.get(STICKINESS) ?? "") === true,
    // The binding has the selector that is in use, and none where there is none.
    nodeSelector: binding === undefined ? askedNodes : binding.nodeSelector,
    multiCluster:
      binding?.multiCluster === true ||
      (byController &&
        lbcHas(context, "multiCluster") &&
        parseGoBool(annotations.get(AWS_ANNOTATIONS.multiCluster) ?? "") === true),
    weight: 1,
    ipFamily: binding?.ipFamily ?? askedFamily,
    ...(binding?.targetType !== undefined && binding.ipFamily !== undefined && { isBound: true as const }),
  };
  return withheld === undefined ? group : withoutWithheld(group, attributes);
}
