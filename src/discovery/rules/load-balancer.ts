import { type ControllerContext, DEFAULT_CONTEXT, type Scheme } from "../../domain/controller-context.ts";
import type { LoadBalancer } from "../../domain/load-balancer.ts";
import type { Controller } from "../../domain/service.ts";
import type { ServiceObject, ServicePort } from "../objects/service-object.ts";
import type { BindingFacts } from "../objects/target-group-binding.ts";
import { shown } from "../problems.ts";
import { askedListeners } from "./asked-listeners.ts";
import { loadBalancerAttributesOf, ROUTING_POLICY } from "./attributes.ts";
import { refuseAsCloudProvider } from "./ccm-refusals.ts";
import { editedLoadBalancer } from "./edited-load-balancer.ts";
import { Findings } from "./findings.ts";
import type { ServiceOf } from "./forwarded-groups.ts";
import { type Handler, handlerOf } from "./handler.ts";
import { shapeOf } from "./hostname.ts";
import { ignoredAnnotationsOf } from "./ignored-annotations.ts";
import { refuseAsController } from "./lbc-refusals.ts";
import { editedFromOf } from "./maker.ts";
import { portsOf } from "./ports.ts";
import { internalOf } from "./scheme.ts";

/** What is known besides the Service itself. */
export interface Surroundings {
  readonly context: ControllerContext;
  /** Scheme of the load balancer that is there, where something told it. */
  readonly existingScheme?: Scheme;
  /** What a TargetGroupBinding says of a port. */
  readonly bindingOf?: (port: ServicePort) => BindingFacts | undefined;
  /** Other Services, which a listener may forward to, too. */
  readonly serviceOf?: ServiceOf;
}

/**
 * Everything that a Service tells about its load balancer.
 *
 * Annotations are what was asked for; the name in the status is what there is. So the name outranks them: annotations that are
 * edited later do not turn one kind of load balancer into another, nor hand it over to another controller.
 */
export function loadBalancerOf(service: ServiceObject, surroundings: Surroundings = { context: DEFAULT_CONTEXT }): LoadBalancer {
  const { existingScheme, bindingOf, serviceOf } = surroundings;
  const findings = new Findings();
  const handler = handlerOf(service, surroundings.context);
  const maker = editedFromOf(service, handler, bindingOf);
  if (maker !== undefined) return editedLoadBalancer(service, maker, handler, bindingOf);
  const { controller, isNlb, why } = actual(handler, service);
  // EKS Auto Mode is a current one, whatever version of the controller is beside it.
  const context = controller === "eks-auto" ? { ...surroundings.context, lbcVersion: undefined } : surroundings.context;
  const internal = internalOf(controller, service.annotations, context, existingScheme, findings);
  const ofLoadBalancer = loadBalancerAttributesOf(controller, service, context, findings);
  const listeners = isNlb ? askedListeners(controller, service, context, findings) : [];
  const ports = portsOf({ controller, service, listeners, ofLoadBalancer, bindingOf, serviceOf, context }, findings);
  if (isNlb && controller === "ccm") refuseAsCloudProvider(service, findings);
  if (isNlb && (controller === "lbc" || controller === "eks-auto")) {
    refuseAsController({ service, listeners, internal, ofLoadBalancer, context }, findings);
  }
  if (isNlb && findings.refusals.some(({ by }) => by === "controller")) {
    findings.doubt(
      "What there is is not known: its controller changes nothing as long as it refuses a part of what is asked for. The AWS console or a measurement tells.",
    );
  }
  if (isNlb && service.shortcuts.length > 0) {
    findings.doubt(
      `kube-proxy answers for ${service.shortcuts.join(", ")} itself: where that is an address of the NLB, pods never reach it.`,
    );
  }
  const { namespace, name, hostnames, shortcuts } = service;
  return {
    kind: "Service",
    namespace,
    name,
    controller,
    isNlb,
    notNlb: why,
    internal,
    hostnames,
    shortcuts,
    zonalAffinity: (ofLoadBalancer?.get(ROUTING_POLICY) ?? ANY_ZONE) !== ANY_ZONE,
    ports,
    refusals: findings.refusals,
    ignored: isNlb ? ignoredAnnotationsOf(controller, service, context) : [],
    doubts: findings.doubts,
  };
}

/** AWS's default: DNS answers every client with the addresses of all zones. */
export const ANY_ZONE = "any_availability_zone";

/** What there is, from what should be and the names of what is. */
function actual(
  handler: Handler,
  { hostnames, isBeingDeleted }: ServiceObject,
): { readonly controller: Controller; readonly isNlb: boolean; readonly why: string } {
  if (isBeingDeleted && !handler.isNlb) return handler;
  const shapes = hostnames.map(shapeOf);
  if (shapes.includes("nlb")) return handler.isNlb ? handler : { controller: "unknown", isNlb: true, why: "" };
  if (!shapes.includes("not_nlb")) return handler;
  const why = `${shown(hostnames[0])} is the name of a Classic or Application Load Balancer.`;
  return { controller: handler.controller, isNlb: false, why };
}
