import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { classifiedCluster, describedGateways, type GivenCluster } from "./support/cluster.ts";
import { gateway, gatewayClass, loadBalancerConfiguration, route, targetGroupConfiguration } from "./support/gateway-objects.ts";
import { describeLoadBalancer } from "./support/nlb-case.ts";
import { service } from "./support/objects.ts";

const PRESERVE = "preserve_client_ip.enabled";
const CROSS_ZONE = "load_balancing.cross_zone.enabled";
const OFF = { attributes: { [PRESERVE]: "false" } };
const ON = { attributes: { [PRESERVE]: "true" } };

const nodePortService = (name = "web", spec: Readonly<Record<string, unknown>> = {}) =>
  service({ name, hostname: null, spec: { type: "NodePort", ...spec } });
/** One Gateway with one listener and one Service behind it; what a case changes comes on top. */
const simple: GivenCluster = {
  gateways: [gateway({})],
  routes: [["TCPRoute", route({ to: ["web:80"] })]],
  services: [nodePortService()],
};
const withConfig = (given: Partial<GivenCluster>): GivenCluster => ({
  ...simple,
  gateways: [gateway({ config: "lb" })],
  loadBalancers: [loadBalancerConfiguration("lb")],
  ...given,
});

/** The same route to a backend of another kind. */
const withoutService = (object: ReturnType<typeof route>) => ({
  ...object,
  spec: {
    ...object.spec,
    rules: [{ backendRefs: [{ group: "multicluster.x-k8s.io", kind: "ServiceImport", name: "far", port: 80 }] }],
  },
});

const cases: readonly (readonly [name: string, given: GivenCluster, expected: string])[] = [
  [
    "with nothing said, the controller's defaults",
    simple,
    "lbc, internal, instance, 80 on (default), cross-zone off (default): can",
  ],
  [
    "with the controller's default target type set to ip",
    { ...simple, context: { lbcTargetType: "ip" } },
    "lbc, internal, ip, 80 off (default), cross-zone off (default): cannot",
  ],
  [
    "with the controller's default scheme set to internet-facing",
    { ...simple, context: { lbcScheme: "internet-facing" } },
    "lbc, internet-facing, instance, 80 on (default), cross-zone off (default): unknown",
  ],
  [
    "whose configuration says the scheme and the attributes",
    withConfig({
      loadBalancers: [loadBalancerConfiguration("lb", { scheme: "internal", attributes: { [CROSS_ZONE]: "true" } })],
      context: { lbcScheme: "internet-facing" },
    }),
    "lbc, internal, instance, 80 on (default), cross-zone on (explicit): can",
  ],
  [
    "whose Service is configured: target type and preservation",
    { ...simple, targetGroups: [targetGroupConfiguration({ of: "web", props: { targetType: "ip", ...ON } })] },
    "lbc, internal, ip, 80 on (explicit), cross-zone off (default): can",
  ],
  [
    "whose Service is fixed",
    { ...simple, targetGroups: [targetGroupConfiguration({ of: "web", props: OFF })] },
    "lbc, internal, instance, 80 off (explicit), cross-zone off (default): cannot",
  ],
  [
    "that takes the defaults which its configuration names",
    withConfig({
      loadBalancers: [loadBalancerConfiguration("lb", { defaults: "all" })],
      targetGroups: [targetGroupConfiguration({ name: "all", props: OFF })],
    }),
    "lbc, internal, instance, 80 off (explicit), cross-zone off (default): cannot",
  ],
  [
    "whose Service says something else than the defaults: attribute by attribute",
    withConfig({
      loadBalancers: [loadBalancerConfiguration("lb", { defaults: "all" })],
      targetGroups: [
        targetGroupConfiguration({ name: "all", props: { targetType: "ip", ...ON } }),
        targetGroupConfiguration({ of: "web", props: OFF }),
      ],
    }),
    "lbc, internal, ip, 80 off (explicit), cross-zone off (default): cannot",
  ],
  [
    "whose class and itself are configured: the class wins",
    withConfig({
      classes: [
        gatewayClass("nlb", {
          parametersRef: { kind: "LoadBalancerConfiguration", name: "of-class", namespace: "kube-system" },
        }),
      ],
      loadBalancers: [
        loadBalancerConfiguration("lb", { scheme: "internet-facing" }),
        loadBalancerConfiguration("of-class", { scheme: "internal" }, "kube-system"),
      ],
    }),
    "lbc, internal, instance, 80 on (default), cross-zone off (default): can",
  ],
  [
    "whose class lets the Gateway win",
    withConfig({
      classes: [
        gatewayClass("nlb", {
          parametersRef: { kind: "LoadBalancerConfiguration", name: "of-class", namespace: "kube-system" },
        }),
      ],
      loadBalancers: [
        loadBalancerConfiguration("lb", { scheme: "internal" }),
        loadBalancerConfiguration("of-class", { scheme: "internet-facing", mergingMode: "prefer-gateway" }, "kube-system"),
      ],
    }),
    "lbc, internal, instance, 80 on (default), cross-zone off (default): can",
  ],
  [
    "whose configuration is named and not there",
    withConfig({ loadBalancers: [] }),
    "lbc, scheme unknown, target type unknown, 80 unknown, cross-zone unknown: unknown",
  ],
  [
    "whose configuration may not be read",
    { ...simple, unreadable: true },
    "lbc, scheme unknown, target type unknown, 80 unknown, cross-zone unknown: unknown",
  ],
  [
    "with a configuration for the kind of route, over the one for the Service",
    {
      ...simple,
      targetGroups: [targetGroupConfiguration({ of: "web", props: ON, routes: [{ route: { kind: "TCPRoute" }, props: OFF }] })],
    },
    "lbc, internal, instance, 80 off (explicit), cross-zone off (default): cannot",
  ],
  [
    "with configurations for the route itself and for its kind: the more specific one counts",
    {
      ...simple,
      targetGroups: [
        targetGroupConfiguration({
          of: "web",
          props: OFF,
          routes: [
            { route: { kind: "TCPRoute" }, props: ON },
            { route: { kind: "TCPRoute", namespace: "shop", name: "route" }, props: OFF },
            { route: { kind: "TCPRoute", namespace: "shop", name: "another" }, props: ON },
          ],
        }),
      ],
    },
    "lbc, internal, instance, 80 off (explicit), cross-zone off (default): cannot",
  ],
  [
    "with a configuration for the route that leaves open what the one for the Service says: both count",
    {
      ...simple,
      targetGroups: [
        targetGroupConfiguration({
          of: "web",
          props: OFF,
          routes: [{ route: { kind: "TCPRoute" }, props: { targetType: "instance" } }],
        }),
      ],
    },
    "lbc, internal, instance, 80 off (explicit), cross-zone off (default): cannot",
  ],
  [
    "with configurations for routes in the defaults: they count",
    withConfig({
      loadBalancers: [loadBalancerConfiguration("lb", { defaults: "all" })],
      targetGroups: [
        targetGroupConfiguration({ name: "all", props: ON, routes: [{ route: { kind: "TCPRoute" }, props: OFF }] }),
        targetGroupConfiguration({ of: "web", props: { targetType: "instance" } }),
      ],
    }),
    "lbc, internal, instance, 80 off (explicit), cross-zone off (default): cannot",
  ],
  [
    "with a configuration for the route in the defaults that preserves",
    withConfig({
      loadBalancers: [loadBalancerConfiguration("lb", { defaults: "all" })],
      targetGroups: [targetGroupConfiguration({ name: "all", props: OFF, routes: [{ route: { kind: "TCPRoute" }, props: ON }] })],
    }),
    "lbc, internal, instance, 80 on (explicit), cross-zone off (default): can",
  ],
  [
    "with a configuration for a route by name alone: that is no route",
    {
      ...simple,
      targetGroups: [
        targetGroupConfiguration({ of: "web", props: ON, routes: [{ route: { kind: "TCPRoute", name: "route" }, props: OFF }] }),
      ],
    },
    "lbc, internal, instance, 80 on (explicit), cross-zone off (default): can",
  ],
  [
    "with a configuration for the routes of a namespace, over the one for its kind",
    {
      ...simple,
      targetGroups: [
        targetGroupConfiguration({
          of: "web",
          routes: [
            { route: { kind: "TCPRoute" }, props: ON },
            { route: { kind: "TCPRoute", namespace: "shop" }, props: OFF },
          ],
        }),
      ],
    },
    "lbc, internal, instance, 80 off (explicit), cross-zone off (default): cannot",
  ],
  [
    "with target groups of TCP_UDP behind a TCP route: preserved whatever is asked for",
    { ...simple, targetGroups: [targetGroupConfiguration({ of: "web", props: { protocol: "TCP_UDP" } })] },
    "lbc, internal, instance, 80 on (forced), cross-zone off (default): can",
  ],
  [
    "with an attribute that is no switch: AWS refuses it, and what there is stays",
    {
      ...simple,
      targetGroups: [targetGroupConfiguration({ of: "web", props: { attributes: { [PRESERVE]: "no" } } })],
    },
    "lbc, internal, instance, 80 unknown, cross-zone off (default): unknown, refused",
  ],
  [
    "with several routes on a port: the oldest alone counts",
    {
      ...simple,
      routes: [
        ["TCPRoute", route({ name: "a", created: "2026-02-01T00:00:00Z", to: ["web:80"] })],
        ["TCPRoute", route({ name: "b", created: "2026-01-01T00:00:00Z", to: ["api:80"] })],
      ],
      services: [nodePortService(), nodePortService("api")],
      targetGroups: [targetGroupConfiguration({ of: "api", props: OFF })],
    },
    "lbc, internal, instance, 80 off (explicit), cross-zone off (default): cannot",
  ],
  [
    "with several routes of one age: the first by name",
    {
      ...simple,
      routes: [
        ["TCPRoute", route({ name: "b", to: ["api:80"] })],
        ["TCPRoute", route({ name: "a", to: ["web:80"] })],
      ],
      services: [nodePortService(), nodePortService("api")],
      targetGroups: [targetGroupConfiguration({ of: "api", props: OFF })],
    },
    "lbc, internal, instance, 80 on (default), cross-zone off (default): can",
  ],
  [
    "with ListenerSets that may add ports: never known not to hairpin",
    {
      ...simple,
      gateways: [gateway({ spec: { allowedListeners: { namespaces: { from: "Same" } } } })],
      routes: [
        ["TCPRoute", route({ to: ["web:80"] })],
        ["TCPRoute", route({ name: "more", parent: { kind: "ListenerSet", name: "set" }, to: ["api:80"] })],
      ],
      targetGroups: [targetGroupConfiguration({ of: "web", props: OFF })],
    },
    "lbc, internal, instance, 80 off (explicit), cross-zone off (default): unknown",
  ],
  [
    "with ListenerSets of another namespace than those it lets in",
    {
      ...simple,
      gateways: [gateway({ spec: { allowedListeners: { namespaces: { from: "Same" } } } })],
      routes: [
        ["TCPRoute", route({ to: ["web:80"] })],
        ["TCPRoute", route({ name: "more", namespace: "other", parent: { kind: "ListenerSet", name: "set" }, to: ["api:80"] })],
      ],
      targetGroups: [targetGroupConfiguration({ of: "web", props: OFF })],
    },
    "lbc, internal, instance, 80 off (explicit), cross-zone off (default): cannot",
  ],
  [
    "whose Service has IPv6 among its families, and whose load balancer has not",
    { ...simple, services: [nodePortService("web", { ipFamilies: ["IPv4", "IPv6"] })] },
    "lbc, internal, instance, 80 on (default), cross-zone off (default): unknown, refused",
  ],
  [
    "with instance targets of a port without node port",
    {
      ...simple,
      services: [nodePortService("web", { type: "LoadBalancer", ports: [{ name: "http", port: 80, protocol: "TCP" }] })],
    },
    "lbc, internal, target type unknown, 80 unknown, cross-zone off (default): unknown, refused",
  ],
  [
    "with a backend that is no Service: what that is, is not known",
    {
      ...simple,
      routes: [["TCPRoute", withoutService(route({ to: ["web:80"] }))]],
    },
    "lbc, internal, target type unknown, 80 unknown, cross-zone unknown: unknown",
  ],
  [
    "with a configuration for another kind of route",
    {
      ...simple,
      targetGroups: [targetGroupConfiguration({ of: "web", routes: [{ route: { kind: "TLSRoute" }, props: OFF }] })],
    },
    "lbc, internal, instance, 80 on (default), cross-zone off (default): can",
  ],
  [
    "with TCP and UDP on one port: preserved whatever is asked for",
    {
      gateways: [gateway({ listeners: ["80/TCP", "80/UDP"] })],
      routes: [
        ["TCPRoute", route({ to: ["web:80"] })],
        ["UDPRoute", route({ to: ["web:80"] })],
      ],
      services: [nodePortService()],
      targetGroups: [targetGroupConfiguration({ of: "web", props: OFF })],
    },
    "lbc, internal, instance, 80 on (forced), 80 on (forced), cross-zone off (default): can, refused",
  ],
  [
    "with two Services behind one listener that differ",
    {
      ...simple,
      routes: [["TCPRoute", route({ to: ["web:80=9", "api:80=1"] })]],
      services: [nodePortService(), nodePortService("api")],
      targetGroups: [targetGroupConfiguration({ of: "web", props: OFF })],
    },
    "lbc, internal, instance, 80 unknown, cross-zone off (default): unknown",
  ],
  [
    "with two Services behind one listener, one of them without weight",
    {
      ...simple,
      routes: [["TCPRoute", route({ to: ["web:80=0", "api:80=1"] })]],
      services: [nodePortService(), nodePortService("api")],
      targetGroups: [targetGroupConfiguration({ of: "api", props: OFF })],
    },
    "lbc, internal, instance, 80 off (explicit), cross-zone off (default): cannot",
  ],
  [
    "with instance targets of a Service without node ports",
    { ...simple, services: [nodePortService("web", { type: "ClusterIP" })] },
    "lbc, internal, target type unknown, 80 unknown, cross-zone off (default): unknown, refused",
  ],
];

describe("a Gateway of the NLB's class", () => {
  for (const [name, given, expected] of cases) {
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
