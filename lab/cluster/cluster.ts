import { randomUUID } from "node:crypto";
import { type DnsServer, startDnsServer } from "../dns/server.ts";
import type { Fault, Network } from "../network.ts";
import { API_SERVER_ADDRESS, API_SERVER_PORT, DNS_ADDRESS, type Topology, withNodes } from "../topology.ts";
import { type ApiServer, startApiServer } from "./api-server.ts";
import { Controllers } from "./controllers.ts";
import { agentsService, agentsSlices, WEB, webService, webSlices } from "./defaults.ts";
import type { ResourceName } from "./kinds.ts";
import { type EndpointSlice, type KubeObject, type Service, toService } from "./objects.ts";
import { Store } from "./store.ts";
import { create, patch, update } from "./writes.ts";

export interface ClusterOptions {
  readonly topology: Topology;
  /** From 0 to 1, 1 excluded: for the order of DNS answers. */
  readonly random: () => number;
  /** Makes the network so. Called after changes of objects or faults, the latest state only, never twice at a time. */
  readonly apply: (network: Network) => Promise<unknown>;
  /** What goes wrong where nobody waits for it: a socket of DNS, a fault of the API server, annotations that are refused. */
  readonly onError: (error: Error) => void;
  readonly now?: () => Date;
  /** Where the servers listen; the lab's own addresses if absent. */
  readonly api?: { readonly host: string; readonly port: number };
  readonly dns?: { readonly host: string; readonly port: number };
  readonly bookmarkEveryMs?: number;
  /** Of the names of load balancers. AWS has 60; the lab shows changes sooner. */
  readonly ttlSeconds?: number;
}

/** The lab's control plane: an API server, DNS, and the controllers that turn objects into what the network must do. */
export interface Cluster {
  readonly store: Store;
  readonly api: ApiServer;
  readonly dns: DnsServer;
  /** DNS name of a Service's NLB; `undefined` before it has one. */
  hostname(namespace: string, name: string): string | undefined;
  /** Edits a Service's annotations as `kubectl annotate --overwrite` does; null takes one away. @throws ApiError. */
  annotate(namespace: string, name: string, annotations: Readonly<Record<string, string | null>>): void;
  /** @throws ApiError. */
  setExternalTrafficPolicy(namespace: string, name: string, policy: "Cluster" | "Local"): void;
  /** Creates or replaces an object. @throws ApiError. */
  put(resource: "services" | "endpointslices", object: Service | EndpointSlice): void;
  /** Moves the backends of `shop/web`: ready on these nodes, and on no others. @throws RangeError for an unknown node. */
  moveBackends(nodes: readonly string[]): void;
  /**
   * Which nodes of the topology are in the cluster, all of them at first: they are registered with the NLBs, and their agents are known
   * to each other. Where pods run is for others to say. @throws RangeError for an unknown node.
   */
  setNodes(nodes: readonly string[]): void;
  /** Replaces the faults of the network. */
  setFaults(faults: readonly Fault[]): void;
  /** Resolves when the network does what objects and faults say; rejects with what kept it from it. */
  settled(): Promise<void>;
  /** Safe to repeat. */
  close(): Promise<void>;
}

const DEFAULT_BOOKMARK_MS = 5_000;
const DEFAULT_TTL_SECONDS = 5;

/** @throws Error of the system when an address and port cannot be had; then nothing is left open. */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const { topology, random, apply, onError, now = () => new Date() } = options;
  const store = new Store({ now, uid: randomUUID });
  const api = await startApiServer({
    ...(options.api ?? { host: API_SERVER_ADDRESS, port: API_SERVER_PORT }),
    store,
    now,
    bookmarkEveryMs: options.bookmarkEveryMs ?? DEFAULT_BOOKMARK_MS,
    onError: (error) => onError(error instanceof Error ? error : new Error(String(error))),
  });
  const dnsAt = options.dns ?? { host: DNS_ADDRESS, port: 53 };
  const dns = await startDnsServer({ ...dnsAt, random, onError }).catch(async (error: unknown) => {
    await api.close();
    throw error;
  });
  const ttlSeconds = options.ttlSeconds ?? DEFAULT_TTL_SECONDS;
  const controllers = new Controllers({ store, topology, ttlSeconds, setRecords: dns.setRecords, apply, onError });

  for (const service of [webService(), agentsService()]) write(store, "services", service);
  const everywhere = topology.nodes.map(({ name }) => name);
  for (const slice of [...webSlices(topology, everywhere), ...agentsSlices(topology)]) write(store, "endpointslices", slice);

  const merge = (namespace: string, name: string, value: object): void => {
    const route = { verb: "patch", resource: "services", namespace, name, isStatus: false } as const;
    patch(store, route, { value, contentType: "application/merge-patch+json" });
  };
  return {
    store,
    api,
    dns,
    hostname(namespace, name) {
      const service = store.find("services", namespace, name);
      return service === undefined ? undefined : toService(service).status?.loadBalancer?.ingress?.[0]?.hostname;
    },
    annotate: (namespace, name, annotations) => merge(namespace, name, { metadata: { annotations } }),
    setExternalTrafficPolicy: (namespace, name, externalTrafficPolicy) =>
      merge(namespace, name, { spec: { externalTrafficPolicy } }),
    put: (resource, object) => write(store, resource, object),
    moveBackends(nodes) {
      for (const slice of webSlices(topology, nodes)) write(store, "endpointslices", slice);
    },
    setNodes(nodes) {
      const present = withNodes(topology, nodes);
      for (const slice of agentsSlices(present)) write(store, "endpointslices", slice);
      controllers.setTopology(present);
    },
    setFaults: (faults) => controllers.setFaults(faults),
    settled: () => controllers.settled(),
    async close() {
      await controllers.close();
      await Promise.all([api.close(), dns.close()]);
    },
  };
}

/** Creates or replaces, through the same door as every other client. */
function write(store: Store, resource: ResourceName, object: Service | EndpointSlice): KubeObject {
  const { namespace, name } = object.metadata;
  const body = { value: object, contentType: "application/json" };
  if (store.find(resource, namespace, name) === undefined) {
    return create(store, { verb: "create", resource, namespace, name: undefined, isStatus: false }, body);
  }
  return update(store, { verb: "update", resource, namespace, name, isStatus: false }, body);
}

export { WEB };
