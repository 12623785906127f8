/** The objects that a lab begins with. */
import { BACKEND_HTTP_PORT, BACKEND_TCP_PORT, type LabNode, type LabPod, METRICS_PORT, type Topology } from "../topology.ts";
import { type EndpointSlice, SERVICE_NAME_LABEL, type Service } from "./objects.ts";

/** The Service that the lab's story is about: behind an internal NLB with every default of the AWS Load Balancer Controller. */
export const WEB = { namespace: "shop", name: "web" } as const;
/** The agents' own headless Service. */
export const AGENTS = { namespace: "hairpin-probe", name: "hairpin-probe" } as const;

/** The label of slices that the endpoint controller made, and takes away again. */
export const MANAGED_BY_LABEL = "endpointslice.kubernetes.io/managed-by";
export const ENDPOINT_CONTROLLER = "endpointslice-controller.k8s.io";

/** @see Kubernetes, kube-controller-manager, `--max-endpoints-per-slice`. */
const MAX_ENDPOINTS = 100;
const SCHEME = "service.beta.kubernetes.io/aws-load-balancer-scheme";

export const webService = (): Service => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { ...WEB, labels: { app: "web" }, annotations: { [SCHEME]: "internal" } },
  spec: {
    type: "LoadBalancer",
    loadBalancerClass: "service.k8s.aws/nlb",
    clusterIP: "172.20.0.80",
    externalTrafficPolicy: "Cluster",
    selector: { app: "web" },
    ports: [
      { name: "http", port: 80, targetPort: BACKEND_HTTP_PORT, nodePort: 31_080, protocol: "TCP" },
      { name: "tcp-ledger", port: 9_000, targetPort: BACKEND_TCP_PORT, nodePort: 31_090, protocol: "TCP" },
    ],
  },
});

export const agentsService = (): Service => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { ...AGENTS },
  spec: {
    type: "ClusterIP",
    clusterIP: "None",
    selector: { "app.kubernetes.io/name": AGENTS.name },
    ports: [{ name: "metrics", port: METRICS_PORT, targetPort: METRICS_PORT, protocol: "TCP" }],
  },
});

/** The slices of `shop/web`. @see backendSlices */
export const webSlices = (topology: Topology, readyOn: readonly string[]): readonly EndpointSlice[] =>
  backendSlices(WEB, topology, readyOn);

/**
 * The slices of a Service in front of the lab's backends: one pod per node, ready on the given nodes and on no others.
 *
 * @throws RangeError for a node that the topology does not have.
 */
export function backendSlices(
  service: { readonly namespace: string; readonly name: string },
  topology: Topology,
  readyOn: readonly string[],
): readonly EndpointSlice[] {
  const names = topology.nodes.map(({ name }) => name);
  const unknown = readyOn.find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new RangeError(`backends: got node ${JSON.stringify(unknown)}, expected of ${names.join(", ")}`);
  return slicesOf(service, topology.nodes, {
    podOf: ({ backend }) => backend,
    isReady: ({ name }) => readyOn.includes(name),
    ports: [
      { name: "http", port: BACKEND_HTTP_PORT, protocol: "TCP" },
      { name: "tcp-ledger", port: BACKEND_TCP_PORT, protocol: "TCP" },
    ],
  });
}

/** The slices of the agents' Service: a ready agent on every node. */
export const agentsSlices = (topology: Topology): readonly EndpointSlice[] =>
  slicesOf(AGENTS, topology.nodes, {
    podOf: ({ agent }) => agent,
    isReady: () => true,
    ports: [{ name: "metrics", port: METRICS_PORT, protocol: "TCP" }],
  });

function slicesOf(
  service: { readonly namespace: string; readonly name: string },
  nodes: readonly LabNode[],
  pods: {
    readonly podOf: (node: LabNode) => LabPod;
    readonly isReady: (node: LabNode) => boolean;
    readonly ports: EndpointSlice["ports"];
  },
): readonly EndpointSlice[] {
  const { namespace, name } = service;
  return Array.from({ length: Math.ceil(nodes.length / MAX_ENDPOINTS) }, (_, i) => ({
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: {
      namespace,
      name: `${name}-${i + 1}`,
      labels: { [SERVICE_NAME_LABEL]: name, [MANAGED_BY_LABEL]: ENDPOINT_CONTROLLER },
    },
    addressType: "IPv4",
    endpoints: nodes.slice(i * MAX_ENDPOINTS, (i + 1) * MAX_ENDPOINTS).map((node) => {
      const ready = pods.isReady(node);
      return {
        addresses: [pods.podOf(node).address],
        conditions: { ready, serving: ready, terminating: false },
        nodeName: node.name,
        zone: node.zone,
        targetRef: { kind: "Pod", namespace, name: pods.podOf(node).name },
      };
    }),
    ports: pods.ports,
  }));
}

/** A kubeconfig for a server that asks for no credentials, or for the given bearer token. JSON is YAML. */
export const kubeconfig = (server: string, token?: string): string =>
  JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "lab", cluster: { server } }],
    users: [{ name: "lab", user: token === undefined ? {} : { token } }],
    contexts: [{ name: "lab", context: { cluster: "lab", user: "lab", namespace: "default" } }],
    "current-context": "lab",
  });
