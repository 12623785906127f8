import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { classifiedCluster, describedGateways, type GivenCluster } from "./support/cluster.ts";
import { GATEWAY_CASES, nodePortService, simple, withConfig, withoutService } from "./support/gateway-cases.ts";
import { gateway, gatewayClass, loadBalancerConfiguration, route, targetGroupConfiguration } from "./support/gateway-objects.ts";
import { describeLoadBalancer } from "./support/nlb-case.ts";

describe("a Gateway of the NLB's class", () => {
  for (const [name, given, expected] of GATEWAY_CASES) {
    it(name, () =>
      assert.deepEqual(
        describedGateways(given).map(({ loadBalancer }) => describeLoadBalancer(loadBalancer)),
        [expected],
      ),
    );
  }

  it("has a listener for each port that a route gives a backend: by name, by port, by kind, by namespace", () => {
    const [described] = describedGateways({
      gateways: [
        gateway({
          listeners: [
            { name: "a", port: 80, protocol: "TCP" },
            { name: "b", port: 443, protocol: "TLS", tls: { mode: "Terminate" } },
            { name: "c", port: 8443, protocol: "TLS", tls: { mode: "Passthrough" } },
            { name: "d", port: 53, protocol: "UDP" },
            { name: "e", port: 9000, protocol: "TCP" },
            { name: "f", port: 9001, protocol: "TCP", allowedRoutes: { namespaces: { from: "All" } } },
          ],
        }),
      ],
      routes: [
        ["TCPRoute", route({ name: "by-name", parent: { sectionName: "a" }, to: ["web:80"] })],
        ["TCPRoute", route({ name: "by-port", parent: { port: 443 }, to: ["web:443"] })],
        ["TLSRoute", route({ name: "by-kind", parent: { sectionName: "c" }, to: ["web:443"] })],
        ["TCPRoute", route({ name: "elsewhere", namespace: "other", parent: { namespace: "shop" }, to: ["far:80"] })],
        ["TCPRoute", route({ name: "of-another", parent: { name: "edge-2" }, to: ["web:80"] })],
      ],
      services: [nodePortService()],
    });
    assert.ok(described);
    const { loadBalancer, behind } = described;
    assert.deepEqual(
      loadBalancer.ports.map(({ port, transport, tlsTerminated }) => [port, transport, tlsTerminated]),
      [
        [80, "TCP", false],
        [443, "TCP", true],
        [8443, "TCP", false],
        [9001, "TCP", false],
      ],
    );
    assert.deepEqual(behind.get(9001), [{ namespace: "other", name: "far" }]);
    assert.deepEqual(loadBalancer.doubts, ["Service other/far is not there."]);
  });

  it("says of ListenerSets that they are not read, and what stands behind a port is of the oldest route alone", () => {
    const [described] = describedGateways({
      ...simple,
      gateways: [gateway({ spec: { allowedListeners: { namespaces: { from: "All" } } } })],
      routes: [
        ["TCPRoute", route({ name: "new", created: "2026-02-01T00:00:00Z", to: ["api:80"] })],
        ["TCPRoute", route({ name: "old", created: "2026-01-01T00:00:00Z", to: ["web:80"] })],
        ["TCPRoute", route({ name: "set", namespace: "other", parent: { kind: "XListenerSet", name: "x" }, to: ["api:80"] })],
      ],
    });
    assert.match(described?.loadBalancer.doubts.join() ?? "", /ListenerSets may add ports to it, and are not read/);
    assert.deepEqual(described?.behind.get(80), [{ namespace: "shop", name: "web" }]);
  });

  it("takes the routes of the kinds alone that a listener names, and the family of its Services, not of its configuration", () => {
    const kinds = (kind: string) =>
      describedGateways({
        ...simple,
        gateways: [gateway({ listeners: [{ name: "a", port: 80, protocol: "TLS", allowedRoutes: { kinds: [{ kind }] } }] })],
      })[0]?.loadBalancer.ports.length;
    assert.deepEqual([kinds("TLSRoute"), kinds("TCPRoute")], [0, 1]);
    const [described] = describedGateways({
      ...simple,
      targetGroups: [targetGroupConfiguration({ of: "web", props: { ipAddressType: "ipv6" } })],
    });
    assert.equal(described?.loadBalancer.ports[0]?.targetGroup.ipFamily, 4);
  });

  it("has no pods behind it that are not a Service's", () => {
    const [described] = describedGateways({ ...simple, routes: [["TCPRoute", withoutService(route({ to: ["web:80"] }))]] });
    assert.deepEqual(described?.behind.get(80), []);
  });

  it("of several Services behind one listener has no share for each", () => {
    const weightOf = (to: readonly string[]) =>
      describedGateways({
        ...simple,
        routes: [["TCPRoute", route({ to })]],
        services: [nodePortService(), nodePortService("api")],
      })[0]?.loadBalancer.ports[0]?.targetGroup.weight;
    assert.deepEqual([weightOf(["web:80"]), weightOf(["web:80", "web:80"]), weightOf(["web:80", "api:80"])], [1, 1, undefined]);
  });

  it("says that it does not read whether a route may refer to another namespace", () => {
    const [described] = describedGateways({ ...simple, routes: [["TCPRoute", route({ to: ["other/web:80"] })]] });
    assert.match(described?.loadBalancer.doubts.join() ?? "", /ReferenceGrant lets TCPRoute shop\/route refer to other/);
  });

  it("is not one of another controller's class, nor of a class that is not there", () => {
    const other = gatewayClass("nlb", { controllerName: "gateway.k8s.aws/alb" });
    assert.deepEqual(describedGateways({ ...simple, classes: [other] }), []);
    assert.deepEqual(describedGateways({ ...simple, classes: [] }), []);
  });
});

describe("of a Gateway as an NLB to probe", () => {
  const outcome = (given: GivenCluster): string => {
    const gateways = classifiedCluster(given).filter(({ name }) => name.startsWith("gateway/"));
    return gateways
      .map(({ name, classification }) => `${name} ${classification.kind === "nlb" ? "nlb" : classification.reason}`)
      .join();
  };
  for (const [name, change, expected] of [
    ["its name cannot be that of a Service", {}, "gateway/edge nlb"],
    ["it waits while it has no hostname", { gateways: [gateway({ hostname: null })] }, "gateway/edge pending"],
    [
      "the owner can opt out",
      { gateways: [gateway({ annotations: { "hairpin-probe/probe": "false" } })] },
      "gateway/edge opted_out",
    ],
    ["one without routes has no listener", { routes: [] }, "gateway/edge no_route"],
    [
      "one with UDP alone cannot be probed",
      { gateways: [gateway({ listeners: ["53/UDP"] })], routes: [["UDPRoute", route({ to: ["web:80"] })]] },
      "gateway/edge no_tcp_port",
    ],
    [
      "an Application Load Balancer's name outranks the class",
      { gateways: [gateway({ hostname: "internal-k8s-shop-edge-1234567890.eu-west-1.elb.amazonaws.com" })] },
      "gateway/edge not_nlb",
    ],
    [
      "the internet's are left alone",
      withConfig({ loadBalancers: [loadBalancerConfiguration("lb", { scheme: "internet-facing" })] }),
      "gateway/edge not_internal",
    ],
    [
      "annotations that cannot be followed are said",
      { gateways: [gateway({ annotations: { "hairpin-probe/protocol": "81=http" } })] },
      "gateway/edge invalid",
    ],
  ] as const satisfies readonly (readonly [string, Partial<GivenCluster>, string])[]) {
    it(name, () => assert.equal(outcome({ ...simple, ...change }), expected));
  }

  it("the port of the Service behind a listener names what is spoken, and annotations outrank it", () => {
    const http = nodePortService("web", { ports: [{ name: "http", port: 80, protocol: "TCP", nodePort: 30_080 }] });
    const protocols = (annotations: Readonly<Record<string, string>>) =>
      classifiedCluster({ ...simple, gateways: [gateway({ annotations })], services: [http] }).flatMap(({ classification }) =>
        classification.kind === "nlb" ? classification.service.listeners.map(({ protocol, path }) => `${protocol} ${path}`) : [],
      );
    assert.deepEqual(protocols({}), ["http /"]);
    assert.deepEqual(protocols({ "hairpin-probe/protocol": "80=tcp", "hairpin-probe/path": "/x" }), ["tcp /x"]);
  });
});
