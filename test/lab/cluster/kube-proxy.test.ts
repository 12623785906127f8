import assert from "node:assert/strict";
import { test } from "node:test";
import { agentsService, agentsSlices, webService, webSlices } from "../../../lab/cluster/defaults.ts";
import { servicePorts } from "../../../lab/cluster/kube-proxy.ts";
import type { EndpointSlice, Service } from "../../../lab/cluster/objects.ts";
import { buildTopology } from "../../../lab/topology.ts";

const topology = buildTopology({ nodes: 2, zones: 1 });
const BOTH = ["node-1", "node-2"];

test("each port of a Service is proxied to its ready endpoints, by the name of the port", () => {
  const slices = [...webSlices(topology, ["node-2"]), ...agentsSlices(topology)];
  assert.deepEqual(servicePorts([webService(), agentsService()], slices), [
    {
      id: "shop/web:80",
      clusterIp: "172.20.0.80",
      port: 80,
      nodePort: 31_080,
      externalTrafficPolicy: "Cluster",
      endpoints: [{ node: "node-2", address: "10.0.34.11", port: 8_080 }],
    },
    {
      id: "shop/web:9000",
      clusterIp: "172.20.0.80",
      port: 9_000,
      nodePort: 31_090,
      externalTrafficPolicy: "Cluster",
      endpoints: [{ node: "node-2", address: "10.0.34.11", port: 9_000 }],
    },
  ]);
});

test("a headless Service and a port that is not TCP are not proxied", () => {
  const udp: Service = { ...webService(), spec: { ...webService().spec, ports: [{ name: "dns", port: 53, protocol: "UDP" }] } };
  assert.deepEqual(servicePorts([agentsService(), udp], agentsSlices(topology)), []);
});

test("an address in two slices is one endpoint, one that does not say whether it is ready is, and other families are not", () => {
  const [slice] = webSlices(topology, BOTH);
  assert.ok(slice !== undefined);
  const silent: EndpointSlice = { ...slice, endpoints: slice.endpoints.map((endpoint) => ({ ...endpoint, conditions: {} })) };
  const six: EndpointSlice = {
    ...slice,
    addressType: "IPv6",
    endpoints: [{ addresses: ["fd00::1"], conditions: { ready: true } }],
  };
  const elsewhere: EndpointSlice = { ...slice, metadata: { ...slice.metadata, namespace: "other" } };
  const [http] = servicePorts([webService()], [slice, silent, six]);
  assert.deepEqual(
    http?.endpoints.map(({ address }) => address),
    ["10.0.34.10", "10.0.34.11"],
  );
  assert.deepEqual(servicePorts([webService()], [elsewhere])[0]?.endpoints, []);
});

test("many nodes are many slices of at most a hundred endpoints", () => {
  const large = buildTopology({ nodes: 250, zones: 2 });
  const names = large.nodes.map(({ name }) => name);
  const slices = webSlices(large, names);
  assert.deepEqual(
    slices.map(({ metadata, endpoints }) => [metadata.name, endpoints.length]),
    [
      ["web-1", 100],
      ["web-2", 100],
      ["web-3", 50],
    ],
  );
  assert.equal(servicePorts([webService()], slices)[0]?.endpoints.length, 250);
});
