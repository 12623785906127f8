import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type ApiServer, sendJson } from "./support/api-server.ts";
import { binding, gateway, gatewayClass, route } from "./support/gateway-objects.ts";
import { inventoryOf } from "./support/inventory.ts";
import { lbcService, service, slice } from "./support/objects.ts";
import { BINDINGS, GATEWAY_API, SERVICES, SLICES } from "./support/running-discovery.ts";

const NODES = "/api/v1/nodes";
const GATEWAYS = `${GATEWAY_API}/v1/gateways`;
const node = (name: string, zone: string) => ({
  metadata: { namespace: "", name, labels: { "topology.kubernetes.io/zone": zone } },
});

/** Answers every list of these paths with 403. */
const forbid =
  (...forbidden: readonly string[]) =>
  (server: ApiServer): void => {
    server.fault = ({ path, response }) => {
      const refused = forbidden.includes(path);
      if (refused) sendJson(response, 403, { kind: "Status", code: 403, reason: "Forbidden", message: "no" });
      return refused;
    };
  };

function whole(server: ApiServer): void {
  server.put(SERVICES, lbcService());
  server.put(SERVICES, service({ name: "plain", hostname: null, spec: { type: "ClusterIP" } }));
  server.put(SERVICES, service({ name: "behind", hostname: null, spec: { type: "NodePort" } }));
  server.put(SLICES, slice("web", [{ address: "10.0.1.1", node: "n1", zone: "a" }]));
  server.put(SLICES, slice("behind", [{ address: "10.0.1.2", node: "n2", zone: "b" }]));
  server.put(NODES, node("n1", "a"));
  server.put(NODES, node("n2", "b"));
  server.put(`${GATEWAY_API}/v1/gatewayclasses`, { ...gatewayClass(), metadata: { namespace: "", name: "nlb" } });
  server.put(GATEWAYS, gateway({}));
  server.put(`${GATEWAY_API}/v1alpha2/tcproutes`, route({ to: ["behind:80"] }));
}

describe("the inventory", () => {
  it("has Services that ask for a load balancer and Gateways, with the backends of each port, and the Nodes", async () => {
    const { inventory } = await inventoryOf(whole);
    assert.deepEqual(
      inventory.items.map(({ loadBalancer: { kind, name }, backends }) => [
        kind,
        name,
        [...(backends ?? [])].map(([port, behind]) => [port, behind.map((backend) => backend.node)]),
      ]),
      [
        ["Service", "web", [[80, ["n1"]]]],
        ["Gateway", "edge", [[80, ["n2"]]]],
      ],
    );
    assert.deepEqual(
      inventory.nodes?.map(({ node: name, zone }) => `${name} ${zone}`),
      ["n1 a", "n2 b"],
    );
    assert.deepEqual(inventory.notes, []);
  });

  it("takes what bindings say over what annotations ask", async () => {
    const { inventory } = await inventoryOf((server) => {
      whole(server);
      server.put(BINDINGS, binding({ spec: { targetType: "ip" } }));
    });
    assert.equal(inventory.items[0]?.loadBalancer.ports[0]?.targetGroup.targetType, "ip");
  });

  it("asks for the namespaces that are wanted, and no others, but for what has none", async () => {
    const { paths } = await inventoryOf(
      (server) => {
        whole(server);
        server.serve(`${GATEWAY_API}/v1/namespaces/shop/gateways`);
      },
      { namespaces: ["shop", "other"] },
    );
    const lists = paths.filter((path) => path.split("/").length > 3 && !/^\/apis\/[^/]+(\/[^/]+)?$/.test(path));
    assert.ok(lists.includes("/api/v1/namespaces/shop/services") && lists.includes("/api/v1/namespaces/other/services"));
    const clusterWide = lists.filter((path) => !path.includes("/namespaces/"));
    assert.deepEqual(new Set(clusterWide), new Set([NODES, `${GATEWAY_API}/v1/gatewayclasses`]));
  });

  it("goes on without what may not be listed, says so, and what follows from it", async () => {
    const { inventory } = await inventoryOf((server) => {
      whole(server);
      server.put(BINDINGS, binding({}));
      forbid(NODES, SLICES, GATEWAYS, BINDINGS)(server);
    });
    assert.equal(inventory.nodes, undefined);
    assert.deepEqual(
      inventory.items.map(({ backends }) => backends),
      [undefined],
    );
    assert.deepEqual(inventory.notes, [
      "gateways may not be listed: NLBs of Gateways are not in the list.",
      "targetgroupbindings may not be listed: Services that are bound by hand to NLBs made elsewhere are not in the list.",
      "nodes may not be listed: how many targets there are, and so the exposure of instance targets, is not known.",
      "endpointslices may not be listed: where backends are, and so the exposure, is not known.",
    ]);
  });

  it("leaves out an object that cannot be read, and says which and why", async () => {
    const { inventory } = await inventoryOf((server) => {
      whole(server);
      server.put(SERVICES, { ...lbcService({ name: "odd" }), spec: { type: "LoadBalancer", ports: [{ port: "http" }] } });
    });
    assert.deepEqual(
      inventory.items.map(({ loadBalancer }) => loadBalancer.name),
      ["web", "edge"],
    );
    assert.match(
      inventory.notes.join(),
      /^services shop\/odd is left out: Service: spec\.ports\[0\]\.port: got "http", expected a port/,
    );
  });

  it("cannot be had without Services", async () => {
    await assert.rejects(
      inventoryOf((server) => {
        whole(server);
        forbid(SERVICES)(server);
      }),
      /list \/api\/v1\/services: status 403: "no"/,
    );
  });
});
