import { type ControllerContext, lbcHas } from "../../domain/controller-context.ts";
import type { Controller } from "../../domain/service.ts";
import { actionsAnnotation } from "../objects/annotations.ts";
import type { ServiceObject, ServicePort } from "../objects/service-object.ts";
import { printable, shown } from "../problems.ts";
import type { AskedListener } from "./asked-listeners.ts";
import type { Findings } from "./findings.ts";
import { ActionError, type ForwardAction, type ForwardGroup, MAX_WEIGHT, parseForwardAction } from "./forward-action.ts";

/** A namespace and a name. */
const MAX_NAME = 320;

/** Finds a Service of the same namespace; `undefined`: it is not there. Absent where Services other than this one are not known. */
export type ServiceOf = (name: { readonly namespace: string; readonly name: string }) => ServiceObject | undefined;

/** One target group behind a listener: a port of a Service, with the settings of the Service that has the load balancer. */
export interface ForwardedGroup {
  /** Share of the listener's connections; `undefined`: not known. */
  readonly weight: number | undefined;
  /** `undefined`: nothing is known of it. Its annotations are those of the Service that has the load balancer. */
  readonly behind: { readonly service: ServiceObject; readonly port: ServicePort } | undefined;
}

/**
 * The target groups that a listener forwards to, its own first.
 *
 * @see aws-load-balancer-controller, pkg/service/model_build_listener.go (buildActionConfigViaAnnotation) and
 * model_build_target_group.go (buildTargetGroupTuples): the other Services' own annotations do not count.
 */
export function forwardedGroups(
  controller: Controller,
  service: ServiceObject,
  listener: AskedListener,
  known: { readonly context: ControllerContext; readonly serviceOf?: ServiceOf | undefined },
  findings: Findings,
): readonly [ForwardedGroup, ...ForwardedGroup[]] {
  const { port, protocol } = listener;
  const own = { service, port };
  const action = protocol === undefined ? undefined : actionOf(controller, service, protocol, port.port, known.context, findings);
  if (action === undefined || action.groups.length === 0) return [{ weight: 1, behind: own }];
  const shares = sharesOf(action);
  if (shares.includes(undefined)) {
    findings.doubt(
      `How the connections to port ${port.port} are shared among its target groups is not known. The AWS console tells.`,
    );
  }
  const others = action.groups.map((group, i): ForwardedGroup => {
    const weight = shares[i + 1];
    return { weight, behind: behindOf(group, service, known.serviceOf, findings) };
  });
  return [{ weight: shares[0], behind: own }, ...others];
}

function actionOf(
  controller: Controller,
  { annotations }: ServiceObject,
  protocol: string,
  port: number,
  context: ControllerContext,
  findings: Findings,
): ForwardAction | undefined {
  if (controller !== "lbc" || !lbcHas(context, "weightedTargetGroups")) return undefined;
  const key = actionsAnnotation(protocol, port);
  const text = annotations.get(key);
  if (text === undefined) return undefined;
  try {
    return parseForwardAction(text);
  } catch (error) {
    if (!(error instanceof ActionError)) throw error;
    findings.refuse(`${key}: ${error.message}.`);
    return undefined;
  }
}

/** Of the own group first. Where a client keeps to its group, shares of connections say nothing about it. */
function sharesOf({ baseWeight, groups, isSticky }: ForwardAction): readonly (number | undefined)[] {
  const weights = [baseWeight, ...groups.map(({ weight }) => weight)];
  const sum = weights.reduce<number>((all, weight) => all + (weight ?? Number.NaN), 0);
  // AWS refuses a weight of the own group that is none; of the others the controller does.
  const isKnown = sum > 0 && !isSticky && (baseWeight ?? 0) >= 0 && (baseWeight ?? 0) <= MAX_WEIGHT;
  return weights.map((weight) => (weight === 0 && !(sum <= 0) ? 0 : isKnown && weight !== undefined ? weight / sum : undefined));
}

function behindOf(
  { arn, serviceName, servicePort }: ForwardGroup,
  own: ServiceObject,
  serviceOf: ServiceOf | undefined,
  findings: Findings,
): ForwardedGroup["behind"] {
  if (serviceName === undefined) {
    findings.doubt(
      `What stands behind ${shown(arn)} is not known: a target group that Kubernetes did not make. The AWS console tells.`,
    );
    return undefined;
  }
  const name = printable(`${own.namespace}/${serviceName}`, MAX_NAME);
  if (serviceOf === undefined && serviceName !== own.name) {
    findings.doubt(`What stands behind Service ${name} is not known: it is not read.`);
    return undefined;
  }
  const service = serviceName === own.name ? own : serviceOf?.({ namespace: own.namespace, name: serviceName });
  const port = service?.ports.find((port) => (typeof servicePort === "number" ? port.port : port.name) === servicePort);
  if (service !== undefined && port !== undefined) return { service: { ...service, annotations: own.annotations }, port };
  findings.refuse(service === undefined ? `Service ${name} is not there.` : `Service ${name} has no port ${shown(servicePort)}.`);
  return undefined;
}
