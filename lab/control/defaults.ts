import { BACKEND_HTTP_PORT, BACKEND_TCP_PORT, type LabNode, METRICS_PORT, type Topology } from "../topology.ts";
import { type EndpointSlice, SERVICE_NAME_LABEL, type Service } from "./objects.ts";

/** The Service that the lab's story is about: behind an internal NLB with every default of the AWS Load Balancer Controller. */
export const WEB = { namespace: "shop", name: "web" } as const;
/** The agents' own headless Service. */
export const AGENTS = { namespace: "hairpin-probe", name: "hairpin-probe" } as const;

export const webService = (): Service => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: {
    ...WEB,
    annotations: {
      "service.beta.kubernetes.io/aws-load-balancer-nlb-target-type": "instance",
      "service.beta.kubernetes.io/aws-load-balancer-scheme": "internal",
    },
  },
  spec: {
    type: "LoadBalancer",
    loadBalancerClass: "service.k8s.aws/nlb",
    clusterIP: "172.20.0.80",
    externalTrafficPolicy: "Cluster",
    ports: [
      { name: "http", port: 80, targetPort: BACKEND_HTTP_PORT, nodePort: 31_080, protocol: "TCP" },
      { name: "tcp-ledger", port: 9_000, targetPort: BACKEND_TCP_PORT, nodePort: 31_090, protocol: "TCP" },
    ],
  },
});

/** The backend pods of `shop/web`, one per node; ready on the given nodes, not ready on the others. */
export const webSlice = (topology: Topology, readyOn: ReadonlySet<string>): EndpointSlice => ({
  ...slice(WEB, topology.nodes, (node) => node.backend, readyOn),
  ports: [
    { name: "http", port: BACKEND_HTTP_PORT, protocol: "TCP" },
    { name: "tcp-ledger", port: BACKEND_TCP_PORT, protocol: "TCP" },
  ],
});

export const agentsService = (): Service => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { ...AGENTS },
  spec: {
    type: "ClusterIP",
    clusterIP: "None",
    ports: [{ name: "metrics", port: METRICS_PORT, targetPort: METRICS_PORT, protocol: "TCP" }],
  },
});

export const agentsSlice = (topology: Topology): EndpointSlice => ({
  ...slice(AGENTS, topology.nodes, (node) => node.agent, new Set(topology.nodes.map(({ name }) => name))),
  ports: [{ name: "metrics", port: METRICS_PORT, protocol: "TCP" }],
});

function slice(
  service: { readonly namespace: string; readonly name: string },
  nodes: readonly LabNode[],
  podOf: (node: LabNode) => { readonly name: string; readonly address: string },
  readyOn: ReadonlySet<string>,
): Omit<EndpointSlice, "ports"> {
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { namespace: service.namespace, name: `${service.name}-lab`, labels: { [SERVICE_NAME_LABEL]: service.name } },
    addressType: "IPv4",
    endpoints: nodes.map((node) => {
      const ready = readyOn.has(node.name);
      return {
        addresses: [podOf(node).address],
        conditions: { ready, serving: ready, terminating: false },
        nodeName: node.name,
        zone: node.zone,
        targetRef: { kind: "Pod", namespace: service.namespace, name: podOf(node).name },
      };
    }),
  };
}

/** A kubeconfig for a server that asks for no credentials. JSON is YAML. */
export const kubeconfig = (server: string): string =>
  JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "lab", cluster: { server } }],
    users: [{ name: "lab", user: {} }],
    contexts: [{ name: "lab", context: { cluster: "lab", user: "lab", namespace: "default" } }],
    "current-context": "lab",
  });
