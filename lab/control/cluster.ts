import type { Fault, Network } from "../network.ts";
import { API_SERVER_ADDRESS, API_SERVER_PORT, DNS_ADDRESS, type Topology } from "../topology.ts";
import { type ApiServer, startApiServer } from "./api-server.ts";
import { agentsService, agentsSlice, WEB, webService, webSlice } from "./defaults.ts";
import { type DnsServer, startDnsServer } from "./dns-server.ts";
import { servicePorts } from "./kube-proxy.ts";
import { isInternalNlb, loadBalancers, type TargetGroupMemory } from "./load-balancers.ts";
import type { EndpointSlice, KubeObject, Service } from "./objects.ts";
import { Store } from "./store.ts";

const BOOKMARK_EVERY_MS = 5_000;

export interface Cluster {
  readonly store: Store;
  readonly api: ApiServer;
  readonly dns: DnsServer;
  /** DNS name of a Service's NLB. */
  hostname(namespace: string, name: string): string | undefined;
  /** Edits a Service's annotations; null takes one away. The same as `kubectl annotate`. */
  annotate(namespace: string, name: string, annotations: Readonly<Record<string, string | null>>): void;
  setExternalTrafficPolicy(namespace: string, name: string, policy: "Cluster" | "Local"): void;
  /** Moves the backends of shop/web: ready on these nodes, and on no other. */
  moveBackends(nodes: readonly string[]): void;
  setFaults(faults: readonly Fault[]): void;
  /** Resolves when the network does what the objects say; rejects with what kept it from it. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

/**
 * The control plane: API server and DNS, and the controllers that turn objects into what the network must do.
 *
 * @param options.apply - Makes the network so. Called again after every change of an object or fault, never twice at a time.
 */
export async function startCluster(options: {
  readonly topology: Topology;
  readonly random: () => number;
  readonly apply: (network: Network) => Promise<unknown>;
}): Promise<Cluster> {
  const { topology, random, apply } = options;
  const store = new Store(() => new Date());
  const api = await startApiServer({
    store,
    host: API_SERVER_ADDRESS,
    port: API_SERVER_PORT,
    bookmarkEveryMs: BOOKMARK_EVERY_MS,
  });
  const dns = await startDnsServer({ host: DNS_ADDRESS, port: 53, random });
  /** Services that have or had an NLB: their place here picks their addresses, and is never given away. */
  const order: string[] = [];
  let memory: ReadonlyMap<string, TargetGroupMemory> = new Map();
  let hostnames: ReadonlyMap<string, string> = new Map();
  let faults: readonly Fault[] = [];
  let dirty = false;
  let reconciling: Promise<void> = Promise.resolve();
  let closed = false;

  const reconcile = async (): Promise<void> => {
    while (dirty && !closed) {
      dirty = false;
      const services = store.services.list() as readonly Service[];
      const slices = store.endpointslices.list() as readonly EndpointSlice[];
      for (const { metadata } of services.filter(isInternalNlb)) {
        const key = `${metadata.namespace}/${metadata.name}`;
        if (!order.includes(key)) order.push(key);
      }
      const balancers = loadBalancers({ services, slices, topology }, order, memory);
      ({ memory, hostnames } = balancers);
      dns.setRecords(balancers.records);
      await apply({ servicePorts: servicePorts(services, slices), listeners: balancers.listeners, faults });
      for (const service of services) writeStatus(store, service, hostnames);
    }
  };
  const changed = (): void => {
    if (dirty || closed) return;
    dirty = true;
    // One after the other, and after a failure again at the next change: whoever waits for `settled` hears of it.
    reconciling = reconciling.catch(() => {}).then(reconcile);
    reconciling.catch(() => {});
  };
  const unsubscribe = [store.services.subscribe(changed), store.endpointslices.subscribe(changed)];
  const edit = (namespace: string, name: string, change: (service: Service) => Service): void => {
    store.services.put(change(store.services.get(namespace, name) as Service));
  };

  for (const service of [webService(), agentsService()]) store.services.put(service);
  for (const slice of [webSlice(topology, allNodes(topology)), agentsSlice(topology)]) store.endpointslices.put(slice);

  return {
    store,
    api,
    dns,
    hostname: (namespace, name) => hostnames.get(`${namespace}/${name}`),
    annotate: (namespace, name, annotations) =>
      edit(namespace, name, (service) => {
        const merged = { ...service.metadata.annotations, ...annotations };
        const kept = Object.entries(merged).filter((entry): entry is [string, string] => entry[1] !== null);
        return { ...service, metadata: { ...service.metadata, annotations: Object.fromEntries(kept) } };
      }),
    setExternalTrafficPolicy: (namespace, name, externalTrafficPolicy) =>
      edit(namespace, name, (service) => ({ ...service, spec: { ...service.spec, externalTrafficPolicy } })),
    moveBackends: (nodes) => {
      store.endpointslices.put(webSlice(topology, new Set(nodes)));
    },
    setFaults: (next) => {
      faults = next;
      changed();
    },
    settled: async () => {
      while (dirty) await reconciling;
      await reconciling;
    },
    close: async () => {
      closed = true;
      for (const end of unsubscribe) end();
      await Promise.all([api.close(), dns.close(), reconciling.catch(() => {})]);
    },
  };
}

const allNodes = ({ nodes }: Topology): ReadonlySet<string> => new Set(nodes.map(({ name }) => name));

/** As the controller does once the NLB is there. Written only when it differs, or every status would be a change of its own. */
function writeStatus(store: Store, service: Service, hostnames: ReadonlyMap<string, string>): void {
  const { namespace, name } = service.metadata;
  const hostname = hostnames.get(`${namespace}/${name}`);
  if (hostname === service.status?.loadBalancer?.ingress?.[0]?.hostname) return;
  const present = store.services.list().find(({ metadata }) => metadata.namespace === namespace && metadata.name === name);
  if (present === undefined) return;
  const status = { loadBalancer: hostname === undefined ? {} : { ingress: [{ hostname }] } };
  store.services.put({ ...present, status } as KubeObject);
}

export { WEB };
