import { type ControllerContext, ccmHonoursAttributes, lbcHas } from "../../domain/controller-context.ts";
import type { AnnotationChange, Fix } from "../../domain/fix.ts";
import { canHairpin, type LoadBalancer } from "../../domain/load-balancer.ts";
import { AWS_ANNOTATIONS } from "../objects/annotations.ts";
import type { ServiceObject } from "../objects/service-object.ts";
import { PRESERVE } from "./attributes.ts";
import { asExternal, isFixed, switchingOff, withChanges } from "./fix-changes.ts";
import {
  COSTS,
  ccmCaveats,
  costsOfAnew,
  IN_CLUSTER,
  IP_TARGETS,
  madeAnewInstead,
  mendFirst,
  NEEDS_CONTROLLER,
  PLACEMENT,
} from "./fix-words.ts";
import { handlerOf } from "./handler.ts";
import { loadBalancerOf, type Surroundings } from "./load-balancer.ts";
import { editedFromOf } from "./maker.ts";

/**
 * What ends the hairpins of a Service's NLB.
 *
 * Whatever it prints has been tried on the rules: after it, preservation is off where it can be and nothing is refused. Where
 * the controller refuses something else, that comes first.
 *
 * @returns `undefined` where nothing is to be fixed, or it is not known that there is.
 * @see AWS, NLB user guide, "Troubleshoot your Network Load Balancer"; "Edit target group attributes".
 */
export function fixOf(loadBalancer: LoadBalancer, service: ServiceObject, surroundings: Surroundings): Fix | undefined {
  const { kind, isNlb, internal, shortcuts, refusals } = loadBalancer;
  if (kind !== "Service" || !isNlb || shortcuts.length > 0) return undefined;
  const { context } = surroundings;
  if (editedFromOf(service, handlerOf(service, context), surroundings.bindingOf) !== undefined) {
    return anew(service, context, "Makes the Service anew: no edit reaches the NLB that is there.");
  }
  if (internal.enabled === false) return undefined;
  const possible = canHairpin(loadBalancer);
  if (possible !== true && refusals.length === 0) return undefined;
  if (possible === false) return undefined;
  return inPlace(loadBalancer, service, surroundings);
}

/** Annotations that are set on the Service as it is. */
function inPlace(loadBalancer: LoadBalancer, service: ServiceObject, surroundings: Surroundings): Fix {
  const { controller, ports, refusals } = loadBalancer;
  const { context } = surroundings;
  const forced = ports.filter(({ targetGroup }) => targetGroup.preserveClientIp.origin === "forced");
  const stays = forced.map(({ port, transport }) => `${port}/${transport}`).join(", ");
  const caveats =
    forced.length === 0 ? [] : [`Preservation cannot be off for ${stays}: UDP and QUIC target groups always preserve.`];
  const alternatives = [
    ...(controller !== "ccm" && forced.length === 0 ? [IP_TARGETS] : []),
    ...(controller === "ccm" ? [madeAnewInstead(anewAsExternal(service.annotations))] : []),
    IN_CLUSTER,
    ...(ports.some(({ targetGroup }) => targetGroup.targetType === "instance") ? [PLACEMENT] : []),
  ];
  const fix: Fix = { summary: "", annotations: [], anew: false, manifest: "", caveats, costs: [], alternatives };
  const without = (summary: string): Fix => ({ ...fix, summary });
  if (controller === "ccm" && refusals.length === 0 && ccmHonoursAttributes(context) === false) {
    return anew(
      service,
      context,
      "This version of the cloud provider ignores the setting: upgrade it to 1.32.6, 1.33.3 or 1.34.2, or make the Service anew for the AWS Load Balancer Controller.",
    );
  }
  if (controller === "lbc" && refusals.length === 0 && !lbcHas(context, "targetGroupAttributes")) {
    return without("This version of the AWS Load Balancer Controller does not know target group attributes: 2.1.0 does.");
  }
  const isSwitchable = ports.length > forced.length;
  const perPort = controller === "eks-auto" || (controller === "lbc" && lbcHas(context, "portAttributes"));
  const changes = switchingOff(ports, service.annotations, perPort);
  const tooLong = changes?.find(({ key }) => service.oversized.includes(key));
  if (tooLong !== undefined) return without(`${tooLong.key} is too long to be read: switch preservation off in it by hand.`);
  const after = loadBalancerOf(
    { ...service, annotations: withChanges(service.annotations, changes ?? []) },
    { ...surroundings, context: assumingCcm(context) },
  );
  if (after.refusals.length > 0) {
    return { ...fix, ...mendFirst(refusals.length > 0 ? refusals : after.refusals), alternatives: [] };
  }
  if (changes?.length === 0 || (!isSwitchable && changes === undefined)) {
    return without("No setting of the NLB ends it: only where callers run, or what they call, does.");
  }
  if (changes === undefined) {
    return without(
      "One annotation is for all ports, and AWS refuses it for those that always preserve: split the Service by transport.",
    );
  }
  // What is not known with the fix is said with it.
  const open = isFixed(after) ? [] : after.doubts.filter((doubt) => !loadBalancer.doubts.includes(doubt));
  return {
    ...fix,
    summary: [
      ...(refusals.length > 0 ? ["Mends what is refused."] : []),
      ...(isSwitchable ? ["Switches client IP preservation off."] : []),
    ].join(" "),
    annotations: changes,
    caveats: [...(controller === "ccm" ? ccmCaveats(context) : []), ...caveats, ...open],
    costs: isSwitchable ? COSTS : [],
  };
}

/** With targets of type ip, preservation is off by default; with instances it has to be said. */
function anewAsExternal(annotations: ReadonlyMap<string, string>): readonly AnnotationChange[] {
  const changes = asExternal(annotations, true);
  const isIp = changes.some(({ value }) => value === "ip");
  return isIp ? changes : [...changes, { key: AWS_ANNOTATIONS.targetGroupAttributes, value: `${PRESERVE}=false` }];
}

/** What a fix is tried on where the cloud provider's version is not known: one that honours it, which the fix says. */
const assumingCcm = (context: ControllerContext): ControllerContext =>
  context.ccmVersion === undefined ? { ...context, ccmVersion: { major: 1, minor: 34, patch: 2 } } : context;

/** The Service as it would be made now: whoever acts on a new one makes its NLB, of what the annotations then say. */
function anew(service: ServiceObject, context: ControllerContext, summary: string): Fix {
  const fresh = { ...service, hostnames: [], finalizers: [], uid: undefined };
  const { controller, isNlb } = handlerOf(fresh, context);
  const isControllers = isNlb && controller !== "ccm";
  const legacy = service.annotations.get(AWS_ANNOTATIONS.internal);
  const internal = legacy === undefined ? undefined : legacy !== "false" && legacy !== "";
  const isSaid = service.annotations.has(AWS_ANNOTATIONS.scheme);
  const moves = isControllers ? [] : asExternal(service.annotations, isSaid ? undefined : internal);
  const moved = withChanges(service.annotations, moves);
  const first = loadBalancerOf({ ...fresh, annotations: moved }, { context });
  const perPort = controller === "eks-auto" || lbcHas(context, "portAttributes");
  const off = switchingOff(first.ports, moved, perPort) ?? [];
  const isNeeded = canHairpin(first) !== false;
  const changes: readonly AnnotationChange[] = [...moves, ...(isNeeded ? off : [])];
  const after = loadBalancerOf({ ...fresh, annotations: withChanges(service.annotations, changes) }, { context });
  const fix: Fix = {
    summary,
    annotations: [],
    anew: false,
    manifest: "",
    caveats: [],
    costs: costsOfAnew(after.internal.origin !== "explicit"),
    alternatives: [IN_CLUSTER],
  };
  const without = (because: string): string => `The Service is to be made anew, ${because}`;
  if (after.refusals.length > 0) {
    const { caveats } = mendFirst(after.refusals);
    return { ...fix, summary: without("and first what would be refused of the new one is to be mended."), caveats };
  }
  if (!isFixed(after)) return { ...fix, summary: without("and what the new one would be is not known."), caveats: after.doubts };
  const caveats = after.controller === "lbc" ? [NEEDS_CONTROLLER] : [];
  return { ...fix, annotations: changes, anew: true, caveats };
}
