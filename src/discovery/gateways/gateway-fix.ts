import type { ControllerContext } from "../../domain/controller-context.ts";
import type { Fix } from "../../domain/fix.ts";
import { canHairpin, type LoadBalancer } from "../../domain/load-balancer.ts";
import { parseTargetGroupConfiguration, type TargetGroupConfigurationObject } from "../objects/gateway-config-objects.ts";
import type { RouteObject } from "../objects/gateway-objects.ts";
import { isFixed } from "../rules/fix-changes.ts";
import { COSTS, IN_CLUSTER, mendFirst } from "../rules/fix-words.ts";
import { type DescribedGateway, describeGateways, type GatewayWorld } from "./gateway.ts";
import { ownConfigurationOf } from "./gateway-config.ts";
import { manifestOf } from "./manifest.ts";
import { appliable, newConfiguration, offForAll, offForRoutes } from "./switched-off.ts";

/** The TargetGroupConfigurations as the API server sent them: a fix keeps all that is in them. */
export type Originals = ReadonlyMap<TargetGroupConfigurationObject, object>;

/**
 * What ends the hairpins of a Gateway's NLB: a TargetGroupConfiguration for each Service behind it, the one that is there
 * with all that it has. What is printed has been tried on the rules.
 *
 * @returns `undefined` where nothing is to be fixed, or it is not known that there is.
 * @see aws-load-balancer-controller, Gateway API guide, TargetGroupConfiguration.
 */
export function gatewayFixOf(
  described: DescribedGateway,
  world: GatewayWorld,
  context: ControllerContext,
  originals: Originals,
): Fix | undefined {
  const { loadBalancer } = described;
  if (!loadBalancer.isNlb || loadBalancer.internal.enabled === false) return undefined;
  const isRefused = loadBalancer.refusals.length > 0;
  const possible = canHairpin(loadBalancer);
  if (possible === false || (possible === undefined && !isRefused)) return undefined;
  const forced = loadBalancer.ports.filter(({ targetGroup }) => targetGroup.preserveClientIp.origin === "forced");
  const fix: Fix = {
    summary: "No setting of the NLB ends it: only where callers run, or what they call, does.",
    annotations: [],
    anew: false,
    manifest: "",
    caveats:
      forced.length === 0
        ? []
        : [
            `Preservation cannot be off for ${forced.map(({ port, transport }) => `${port}/${transport}`).join(", ")}: UDP target groups always preserve.`,
          ],
    costs: [],
    alternatives: [IN_CLUSTER],
  };
  const objects = configurationsFor(described, world, originals);
  if (objects === undefined) return { ...fix, summary: "What is configured is not known as a whole: switch it off by hand." };
  const after = withConfigurations(described, world, context, objects);
  if (after === undefined || after.refusals.length > 0) {
    const refusals = isRefused ? loadBalancer.refusals : (after?.refusals ?? []);
    return { ...fix, ...mendFirst(refusals), alternatives: [] };
  }
  if (objects.length === 0) return fix;
  if (!isFixed(after))
    return { ...fix, summary: "No configuration is known to end it here: measure, or look in the AWS console." };
  return {
    ...fix,
    summary: `${isRefused ? "Mends what is refused. " : ""}Switches client IP preservation off, for each Service behind the Gateway.`,
    manifest: objects.map(manifestOf).join("---\n"),
    costs: COSTS,
  };
}

/** The objects to apply, one for each Service. @returns `undefined` where one is there that is not known as a whole. */
function configurationsFor(
  { loadBalancer, routed }: DescribedGateway,
  { configurations }: GatewayWorld,
  originals: Originals,
): readonly object[] | undefined {
  const byService = new Map<
    string,
    { service: { namespace: string; name: string }; routes: Set<RouteObject>; isForced: boolean; isNeeded: boolean }
  >();
  for (const { port, targetGroup } of loadBalancer.ports) {
    for (const { route, backend } of routed.get(port) ?? []) {
      if (backend.kind !== "Service") continue;
      const { namespace, name } = backend;
      const key = `${namespace}/${name}`;
      const entry = byService.get(key) ?? { service: { namespace, name }, routes: new Set(), isForced: false, isNeeded: false };
      const { enabled, origin } = targetGroup.preserveClientIp;
      if (origin === "forced") entry.isForced = true;
      else entry.routes.add(route);
      // What is forced and asked to be off is refused, with all that comes with it.
      if (origin === "forced" ? loadBalancer.refusals.length > 0 : enabled !== false) entry.isNeeded = true;
      byService.set(key, entry);
    }
  }
  const objects: object[] = [];
  for (const { service, routes, isForced, isNeeded } of byService.values()) {
    if (!isNeeded || (routes.size === 0 && loadBalancer.refusals.length === 0)) continue;
    const { namespace, name } = service;
    const known = ownConfigurationOf(service, configurations);
    const original = known === undefined ? undefined : originals.get(known);
    if (known !== undefined && original === undefined) return undefined;
    const isTaken = configurations.targetGroups.has(`${namespace}/${name}`);
    const object =
      original === undefined
        ? newConfiguration(namespace, isTaken ? `${name.slice(0, 200)}-target-groups` : name, name)
        : appliable(original as Readonly<Record<string, unknown>>);
    objects.push(isForced ? offForRoutes(object, [...routes]) : offForAll(object));
  }
  return objects;
}

/** The Gateway's load balancer as it would be with these objects. */
function withConfigurations(
  { gateway }: DescribedGateway,
  world: GatewayWorld,
  context: ControllerContext,
  objects: readonly object[],
): LoadBalancer | undefined {
  const targetGroups = new Map(world.configurations.targetGroups);
  for (const object of objects) {
    const parsed = parseTargetGroupConfiguration(object);
    targetGroups.set(`${parsed.namespace}/${parsed.name}`, parsed);
  }
  const [described] = describeGateways(
    {
      ...world,
      gateways: new Map([[`${gateway.namespace}/${gateway.name}`, gateway]]),
      configurations: { ...world.configurations, targetGroups },
    },
    context,
  );
  return described?.loadBalancer;
}
