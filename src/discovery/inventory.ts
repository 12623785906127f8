import type { Clock } from "../domain/clock.ts";
import type { ControllerContext } from "../domain/controller-context.ts";
import type { Fix } from "../domain/fix.ts";
import type { LoadBalancer } from "../domain/load-balancer.ts";
import { OPTIONAL_RESOURCES, type OptionalResourceName } from "../domain/resources.ts";
import { type Backend, serviceKey } from "../domain/service.ts";
import type { NodePlacement, SkippedService } from "../domain/snapshot.ts";
import type { KubeApi } from "./api/kube-api.ts";
import { bindingsByService, clusterObjectsOf, type NamespacedName } from "./cluster.ts";
import { backendsOf, groupByService } from "./endpoint-slices.ts";
import { classifyGateway } from "./gateways/classify-gateway.ts";
import { describeGateways } from "./gateways/gateway.ts";
import { gatewayFixOf, type Originals } from "./gateways/gateway-fix.ts";
import { InventoryReader } from "./inventory-reader.ts";
import type { TargetGroupConfigurationObject } from "./objects/gateway-config-objects.ts";
import { parseNode } from "./objects/node-object.ts";
import { parseService, type ServiceObject } from "./objects/service-object.ts";
import { sliceParser } from "./objects/slice-object.ts";
import { type BindingObject, bindingFactsOf } from "./objects/target-group-binding.ts";
import type { OptionalObjects } from "./optional-resources.ts";
import { type Classification, classifyService } from "./rules/classify.ts";
import { fixOf } from "./rules/fix.ts";
import { foreignDetail, foreignLoadBalancer, foreignOf } from "./rules/foreign-nlb.ts";
import type { ServiceOf } from "./rules/forwarded-groups.ts";
import { asksForLoadBalancer } from "./rules/handler.ts";
import { loadBalancerOf, type Surroundings } from "./rules/load-balancer.ts";
import { isServiceName, selectorsOf } from "./slice-selectors.ts";

/** One load balancer of the cluster, with what it takes to judge it. */
export interface InventoryItem {
  readonly loadBalancer: LoadBalancer;
  /** Why an agent would not probe it; `undefined`: it would. */
  readonly skipped: Pick<SkippedService, "reason" | "detail"> | undefined;
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
  const bindings = bindingsByService(world.bindings);
  const serviceOf: ServiceOf = (name) => services.get(serviceKey(name));
  const ofServices = [...services.values()].flatMap((service) => {
    const own = serviceItem(service, bindings.get(serviceKey(service)) ?? [], { context, serviceOf });
    return own === undefined ? [] : [{ service, ...own }];
  });
  const behind = [
    ...ofServices.map(({ service }) => service),
    ...described.flatMap((gateway) => [...gateway.behind.values()].flat()),
  ];
  const backendsBehind = await readBackends(reader, behind);
  return {
    items: [
      ...ofServices.map(({ service, item }): InventoryItem => {
        const backends = backendsBehind?.(service);
        return { ...item, backends: backends && new Map(item.loadBalancer.ports.map(({ port }) => [port, backends])) };
      }),
      ...described.map((gateway): InventoryItem => {
        const { loadBalancer } = gateway;
        const backends = [...gateway.behind].map(
          ([port, found]) => [port, found.flatMap((service) => backendsBehind?.(service) ?? [])] as const,
        );
        return {
          loadBalancer,
          skipped: skippedBy(classifyGateway(gateway, DEFAULT_PATH)),
          fix: gatewayFixOf(gateway, world, context, optional.originals),
          backends: backendsBehind && new Map(backends),
        };
      }),
    ],
    nodes,
    notes: [...reader.notes, ...ofServices.flatMap(({ notes }) => notes)],
  };
}

/** Which path is asked for does not matter to whether it is. */
const DEFAULT_PATH = "/";

const skippedBy = (classification: Classification): InventoryItem["skipped"] =>
  classification.kind === "nlb" ? undefined : classification;

/**
 * The load balancer of one Service: its own, or else the one that it is bound to by hand. Where it has both, the second is a
 * note: of one Service there is one row.
 *
 * @returns `undefined` where it has to do with none.
 */
function serviceItem(
  service: ServiceObject,
  bindings: readonly BindingObject[],
  given: Pick<Surroundings, "context" | "serviceOf">,
): { readonly item: Omit<InventoryItem, "backends">; readonly notes: readonly string[] } | undefined {
  const surroundings = { ...given, bindingOf: bindingFactsOf(bindings) };
  const own = asksForLoadBalancer(service) ? loadBalancerOf(service, surroundings) : undefined;
  const foreign = foreignOf(bindings);
  const [first] = foreign;
  if (first !== undefined && !own?.isNlb) {
    const skipped = { reason: "foreign_nlb", detail: foreignDetail(first) } as const;
    return { item: { loadBalancer: foreignLoadBalancer(service, foreign), skipped, fix: undefined }, notes: [] };
  }
  if (own === undefined) return undefined;
  const item = {
    loadBalancer: own,
    skipped: skippedBy(classifyService(service, surroundings, DEFAULT_PATH)),
    fix: fixOf(own, service, surroundings),
  };
  const notes = foreign.map((binding) => `${serviceKey(service)} has an NLB of its own, and ${foreignDetail(binding)}`);
  return { item, notes };
}

async function readOptional(
  reader: InventoryReader,
): Promise<{ objects: OptionalObjects; forbidden: ReadonlySet<OptionalResourceName>; originals: Originals }> {
  const originals = new Map<TargetGroupConfigurationObject, object>();
  const keep = (parsed: object, original: object): void => {
    originals.set(parsed as TargetGroupConfigurationObject, original);
  };
  const forbidden = new Set<OptionalResourceName>();
  const entries: [OptionalResourceName, ReadonlyMap<string, unknown>][] = [];
  for (const name of OPTIONAL_RESOURCES) {
    const found = await reader.tryListOptional(name, name === "targetgroupconfigurations" ? keep : undefined);
    if (found === undefined) forbidden.add(name);
    entries.push([name, new Map((found ?? []).map((object) => [keyOf(object), object]))]);
  }
  // Each was read by the parser that the table has under the same name.
  return { objects: Object.fromEntries(entries) as unknown as OptionalObjects, forbidden, originals };
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
