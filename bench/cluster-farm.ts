/**
 * An API server that has a large cluster, as a process of its own: Services, EndpointSlices, nothing else. Objects are as large
 * as real ones, and are made while they are sent: the cluster itself takes no room.
 *
 *     node bench/cluster-farm.ts '{"services":5000,"nlbs":300,"endpoints":100000,"spread":"nlbs","streaming":true}'
 *
 * Prints its port on one line, and ends with its standard input.
 */
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { argv, stdin, stdout } from "node:process";

export interface ClusterSize {
  readonly services: number;
  /** How many of them are internal NLBs. */
  readonly nlbs: number;
  readonly endpoints: number;
  /** Whose endpoints they are: of the NLBs alone, or of all Services alike. */
  readonly spread: "nlbs" | "all";
  /** Whether lists come as streams. */
  readonly streaming: boolean;
}

const ENDPOINTS_PER_SLICE = 100;
const NODES = 300;
const VERSION = "1000";

const size = JSON.parse(argv[2] ?? "{}") as ClusterSize;
const isNlb = (service: number): boolean => service < size.nlbs;
const nameOf = (service: number): string => `team-${service % 40}-application-${String(service).padStart(4, "0")}`;

/** What every object carries, and nobody reads. */
const managedFields = (manager: string) => [
  {
    manager,
    operation: "Update",
    apiVersion: "v1",
    time: "2026-01-02T03:04:05Z",
    fieldsType: "FieldsV1",
    fieldsV1: {
      "f:metadata": {
        "f:annotations": { ".": {}, "f:kubectl.kubernetes.io/last-applied-configuration": {} },
        "f:labels": { ".": {} },
      },
      "f:spec": {
        "f:internalTrafficPolicy": {},
        "f:ports": { ".": {}, 'k:{"port":80,"protocol":"TCP"}': { ".": {}, "f:name": {} } },
      },
    },
  },
];

function serviceObject(index: number) {
  const name = nameOf(index);
  const annotations = isNlb(index)
    ? {
        "service.beta.kubernetes.io/aws-load-balancer-scheme": "internal",
        "service.beta.kubernetes.io/aws-load-balancer-nlb-target-type": "ip",
      }
    : {};
  const hostname = `k8s-shop-${name.slice(-20)}-0123456789-0123456789abcdef.elb.eu-west-1.amazonaws.com`;
  return {
    metadata: {
      namespace: `namespace-${index % 100}`,
      name,
      uid: `00000000-0000-4000-8000-${String(index).padStart(12, "0")}`,
      resourceVersion: String(index),
      creationTimestamp: "2026-01-02T03:04:05Z",
      labels: { app: name, "app.kubernetes.io/managed-by": "Helm", "helm.sh/chart": `${name}-1.2.3` },
      annotations: { ...annotations, "kubectl.kubernetes.io/last-applied-configuration": "x".repeat(600) },
      managedFields: managedFields("kubectl-client-side-apply"),
    },
    spec: {
      type: isNlb(index) ? "LoadBalancer" : "ClusterIP",
      ...(isNlb(index) ? { loadBalancerClass: "service.k8s.aws/nlb" } : {}),
      clusterIP: "172.20.1.1",
      clusterIPs: ["172.20.1.1"],
      ipFamilies: ["IPv4"],
      selector: { app: name },
      ports: [
        { name: "http", port: 80, protocol: "TCP", targetPort: 8080, ...(isNlb(index) ? { nodePort: 30_000 + index } : {}) },
      ],
    },
    status: { loadBalancer: isNlb(index) ? { ingress: [{ hostname }] } : {} },
  };
}

function sliceObject(service: number, slice: number, endpoints: number) {
  const name = nameOf(service);
  const namespace = `namespace-${service % 100}`;
  return {
    addressType: "IPv4",
    metadata: {
      namespace,
      name: `${name}-${String(slice).padStart(5, "0")}`,
      generateName: `${name}-`,
      uid: `00000000-0000-4000-8000-${String(slice).padStart(12, "0")}`,
      resourceVersion: String(slice),
      labels: { "kubernetes.io/service-name": name, "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io" },
      managedFields: managedFields("kube-controller-manager"),
    },
    endpoints: Array.from({ length: endpoints }, (_, i) => {
      const node = (service * 7 + slice * 13 + i) % NODES;
      return {
        addresses: [`10.${node >> 4}.${i}.${slice % 250}`],
        conditions: { ready: true, serving: true, terminating: false },
        nodeName: `ip-10-0-${node >> 4}-${node}.eu-west-1.compute.internal`,
        zone: `eu-west-1${"abc"[node % 3]}`,
        targetRef: {
          kind: "Pod",
          namespace,
          name: `${name}-6c9f8d7b5-${slice}x${i}`,
          uid: "00000000-0000-4000-8000-000000000000",
        },
      };
    }),
    ports: [{ name: "http", port: 8080, protocol: "TCP" }],
  };
}

function* services(): Generator<unknown, void, void> {
  for (let i = 0; i < size.services; i++) yield serviceObject(i);
}

function* slices(wanted: (name: string) => boolean): Generator<unknown, void, void> {
  const owners = size.spread === "nlbs" ? size.nlbs : size.services;
  let slice = 0;
  for (let service = 0; service < owners; service++) {
    if (!wanted(nameOf(service))) continue;
    let left = Math.floor(size.endpoints / owners);
    for (; left > 0; left -= ENDPOINTS_PER_SLICE) yield sliceObject(service, slice++, Math.min(left, ENDPOINTS_PER_SLICE));
  }
}

const kinds: Readonly<Record<string, (query: URLSearchParams) => Generator<unknown, void, void>>> = {
  "/api/v1/services": services,
  "/apis/discovery.k8s.io/v1/endpointslices": (query) => {
    const names = /\((.*)\)/.exec(query.get("labelSelector") ?? "")?.[1]?.split(",");
    return slices((name) => names === undefined || names.includes(name));
  },
};

async function send(response: ServerResponse, texts: Iterable<string>): Promise<void> {
  for (const text of texts) {
    if (response.write(text)) continue;
    const waiting = new AbortController();
    const ended = ["drain", "close"].map((event) => once(response, event, { signal: waiting.signal }).catch(() => {}));
    await Promise.race(ended);
    waiting.abort();
    if (response.destroyed) return;
  }
}

function* events(objects: Iterable<unknown>): Generator<string, void, void> {
  for (const object of objects) yield `${JSON.stringify({ type: "ADDED", object })}\n`;
  const annotations = { "k8s.io/initial-events-end": "true" };
  yield `${JSON.stringify({ type: "BOOKMARK", object: { metadata: { resourceVersion: VERSION, annotations } } })}\n`;
}

function page(objects: Iterable<unknown>, query: URLSearchParams): string {
  const [start, limit] = [Number(query.get("continue") ?? 0), Number(query.get("limit"))];
  const items: unknown[] = [];
  let index = 0;
  for (const object of objects) if (index++ >= start && items.push(object) === limit) break;
  const more = items.length === limit ? { continue: String(start + limit) } : {};
  return JSON.stringify({ metadata: { resourceVersion: VERSION, ...more }, items });
}

const server = createServer((request, response) => {
  const { pathname, searchParams: query } = new URL(request.url ?? "/", "http://localhost");
  const objects = kinds[pathname];
  if (objects === undefined) response.writeHead(404).end("{}");
  else if (query.has("sendInitialEvents") && size.streaming) void send(response, events(objects(query)));
  else if (query.has("sendInitialEvents")) response.writeHead(400).end("{}");
  else if (query.has("watch")) response.flushHeaders();
  else response.end(page(objects(query), query));
});
server.listen(0, "127.0.0.1", () => stdout.write(`${(server.address() as AddressInfo).port}\n`));
stdin.resume().on("end", () => {
  server.closeAllConnections();
  server.close();
});
