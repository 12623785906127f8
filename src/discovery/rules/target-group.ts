import { type ControllerContext, lbcHas } from "../../domain/controller-context.ts";
import type { Controller } from "../../domain/service.ts";
import type { TargetGroup } from "../../domain/target-group.ts";
import { AWS_ANNOTATIONS, parseGoBool } from "../objects/annotations.ts";
import type { ServiceObject, ServicePort } from "../objects/service-object.ts";
import type { BindingFacts } from "../objects/target-group-binding.ts";
import { STICKINESS, targetGroupAttributesOf } from "./attributes.ts";
import { preserveClientIpOf } from "./client-ip.ts";
import { crossZoneOf } from "./cross-zone.ts";
import type { Findings } from "./findings.ts";
import { nodeSelectorOf } from "./node-selector.ts";
import { targetTypeOf } from "./target-type.ts";
import { weightOf } from "./weights.ts";

export interface TargetGroupInput {
  readonly controller: Controller;
  readonly service: ServiceObject;
  readonly port: ServicePort;
  readonly tlsTerminated: boolean;
  /** Attributes of the load balancer; `undefined`: they are refused. */
  readonly ofLoadBalancer: ReadonlyMap<string, string> | undefined;
  /** What a TargetGroupBinding says of this port: what there is, over what was asked for. */
  readonly binding: BindingFacts | undefined;
  readonly context: ControllerContext;
}

/** The target group behind one port of a Service, as its controller makes it. */
export function targetGroupOf(input: TargetGroupInput, findings: Findings): TargetGroup {
  const { controller, service, port, tlsTerminated, ofLoadBalancer, binding, context } = input;
  const { annotations } = service;
  const attributes = targetGroupAttributesOf(controller, service, port.port, context, findings);
  const targetType = binding?.targetType ?? targetTypeOf(controller, service, context, findings);
  const byController = controller === "lbc" || controller === "eks-auto";
  return {
    targetType,
    preserveClientIp: preserveClientIpOf(controller, service, port, { targetType, attributes, context }, findings),
    crossZone: crossZoneOf(controller, service, attributes, ofLoadBalancer, findings),
    externalTrafficPolicy: service.externalTrafficPolicy,
    stickiness: byController && attributes.fate === "honoured" && parseGoBool(attributes.asked.get(STICKINESS) ?? "") === true,
    // The binding has the selector that is in use, and none where there is none.
    nodeSelector: binding === undefined ? nodeSelectorOf(controller, service, findings) : binding.nodeSelector,
    multiCluster:
      binding?.multiCluster === true ||
      (byController &&
        lbcHas(context, "multiCluster") &&
        parseGoBool(annotations.get(AWS_ANNOTATIONS.multiCluster) ?? "") === true),
    weight: weightOf(controller, service, port, tlsTerminated, context, findings),
    ipFamily: binding?.ipFamily ?? (service.ipFamilies[0] === "IPv6" ? 6 : 4),
  };
}
