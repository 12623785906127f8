import type { Clock } from "../domain/clock.ts";
import type { ControllerContext } from "../domain/controller-context.ts";
import type { Fix } from "../domain/fix.ts";
import type { LoadBalancer } from "../domain/load-balancer.ts";
import { OPTIONAL_RESOURCES, type OptionalResourceName } from "../domain/resources.ts";
import { type Backend, serviceKey } from "../domain/service.ts";
import type { NodePlacement } from "../domain/snapshot.ts";
import type { KubeApi } from "./api/kube-api.ts";
import { bindingsByService, clusterObjectsOf, type NamespacedName } from "./cluster.ts";
import { backendsOf, groupByService } from "./endpoint-slices.ts";
import { describeGateways } from "./gateways/gateway.ts";
import { gatewayFixOf } from "./gateways/gateway-fix.ts";
import { InventoryReader } from "./inventory-reader.ts";
import { parseNode } from "./objects/node-object.ts";
import { parseService } from "./objects/service-object.ts";
import { sliceParser } from "./objects/slice-object.ts";
import { bindingFactsOf } from "./objects/target-group-binding.ts";
import type { OptionalObjects } from "./optional-resources.ts";
import { fixOf } from "./rules/fix.ts";
import type { ServiceOf } from "./rules/forwarded-groups.ts";
import { asksForLoadBalancer } from "./rules/handler.ts";
import { loadBalancerOf } from "./rules/load-balancer.ts";
import { isServiceName, selectorsOf } from "./slice-selectors.ts";

/** One load balancer of the cluster, with what it takes to judge it. */
export interface InventoryItem {
  readonly loadBalancer: LoadBalancer;
  readonly fix: Fix | undefined;
  /** Ready or not, behind each port; `undefined`: endpoints may not be read. */
  readonly backends: ReadonlyMap<number, readonly Backend[]> | undefined;
}

/** What the Kubernetes API tells of a cluster's load balancers at one moment. */
export interface Inventory {
  readonly items: readonly InventoryItem[];
  /** `undefined`: Nodes may not be read. */
  readonly nodes: readonly NodePlacement[] | undefined;
  /** What could not be read, one sentence each. */
  readonly notes: readonly string[];
}

export interface InventoryOptions {
  readonly api: KubeApi;
  /** Empty: all of them. */
  readonly namespaces: readonly string[];
  readonly context: ControllerContext;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** An ExternalName Service has neither ports nor pods. */
const SERVICES = { fieldSelector: "spec.type!=ExternalName" };

/**
 * Reads once what NLBs are made of: Services, and as far as they are there and may be read, Gateways, bindings, endpoints and Nodes.
 *
 * @throws ApiError, or what the connection throws, when Services cannot be read.
 */
export async function readInventory(options: InventoryOptions): Promise<Inventory> {
  const { context } = options;
  const reader = new InventoryReader(options);
  const services = new Map(
    (await reader.list("/api/v1", "services", SERVICES, parseService)).map((service) => [serviceKey(service), service]),
  );
  const optional = await readOptional(reader);
  const nodes = await reader.tryList("/api/v1", "nodes", {}, parseNode, { isNamespaced: false });
  const world = clusterObjectsOf(services, optional.objects, (name) => optional.forbidden.has(name));
  const described = describeGateways(world, context);
  const ofServices = [...services.values()].filter(asksForLoadBalancer);
  const behind = [...ofServices, ...described.flatMap((gateway) => [...gateway.behind.values()].flat())];
  const backendsBehind = await readBackends(reader, behind);
  const bindings = bindingsByService(world.bindings);
  return {
    items: [
      ...ofServices.map((service): InventoryItem => {
        const bindingOf = bindingFactsOf(bindings.get(serviceKey(service)) ?? []);
        const serviceOf: ServiceOf = (name) => services.get(serviceKey(name));
        const loadBalancer = loadBalancerOf(service, { context, bindingOf, serviceOf });
        const backends = backendsBehind?.(service);
        return {
          loadBalancer,
          fix: fixOf(loadBalancer, service.annotations, context),
          backends: backends && new Map(loadBalancer.ports.map(({ port }) => [port, backends])),
        };
      }),
      ...described.map((gateway): InventoryItem => {
        const { loadBalancer } = gateway;
        const backends = [...gateway.behind].map(
          ([port, found]) => [port, found.flatMap((service) => backendsBehind?.(service) ?? [])] as const,
        );
        return {
          loadBalancer,
          fix: gatewayFixOf(gateway, world),
          backends: backendsBehind && new Map(backends),
        };
      }),
    ],
    nodes,
    notes: reader.notes,
  };
}

async function readOptional(
  reader: InventoryReader,
): Promise<{ objects: OptionalObjects; forbidden: ReadonlySet<OptionalResourceName> }> {
  const forbidden = new Set<OptionalResourceName>();
  const entries: [OptionalResourceName, ReadonlyMap<string, unknown>][] = [];
  for (const name of OPTIONAL_RESOURCES) {
    const found = await reader.tryListOptional(name);
    if (found === undefined) forbidden.add(name);
    entries.push([name, new Map((found ?? []).map((object) => [keyOf(object), object]))]);
  }
  // Each was read by the parser that the table has under the same name.
  return { objects: Object.fromEntries(entries) as unknown as OptionalObjects, forbidden };
}

const keyOf = ({ namespace = "", name }: { readonly namespace?: string; readonly name: string }): string =>
  `${namespace}/${name}`;

/** @returns what tells the backends of a Service; `undefined` where endpoints may not be read. */
async function readBackends(
  reader: InventoryReader,
  services: readonly NamespacedName[],
): Promise<((service: NamespacedName) => readonly Backend[]) | undefined> {
  const parse = sliceParser();
  const slices = [];
  for (const { names, labelSelector } of selectorsOf(new Set(services.map(({ name }) => name).filter(isServiceName)))) {
    const found = await reader.tryList("/apis/discovery.k8s.io/v1", "endpointslices", { labelSelector }, (object) =>
      parse(object, names),
    );
    if (found === undefined) return undefined;
    slices.push(...found.filter((slice) => slice !== undefined));
  }
  const groups = groupByService(slices);
  return (service) => backendsOf(groups.get(serviceKey(service)) ?? []);
}
