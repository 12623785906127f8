/** Gateways with what stands around them, and what each implies. */
import type { GivenCluster } from "./cluster.ts";
import { gateway, gatewayClass, loadBalancerConfiguration, route, targetGroupConfiguration } from "./gateway-objects.ts";
import { service } from "./objects.ts";

const PRESERVE = "preserve_client_ip.enabled";
const CROSS_ZONE = "load_balancing.cross_zone.enabled";
const OFF = { attributes: { [PRESERVE]: "false" } };
const ON = { attributes: { [PRESERVE]: "true" } };

export const nodePortService = (name = "web", spec: Readonly<Record<string, unknown>> = {}) =>
  service({ name, hostname: null, spec: { type: "NodePort", ...spec } });
/** One Gateway with one listener and one Service behind it; what a case changes comes on top. */
export const simple: GivenCluster = {
  gateways: [gateway({})],
  routes: [["TCPRoute", route({ to: ["web:80"] })]],
  services: [nodePortService()],
};
export const withConfig = (given: Partial<GivenCluster>): GivenCluster => ({
  ...simple,
  gateways: [gateway({ config: "lb" })],
  loadBalancers: [loadBalancerConfiguration("lb")],
  ...given,
});

/** The same route to a backend of another kind. */
export const withoutService = (object: ReturnType<typeof route>) => ({
  ...object,
  spec: {
    ...object.spec,
    rules: [{ backendRefs: [{ group: "multicluster.x-k8s.io", kind: "ServiceImport", name: "far", port: 80 }] }],
  },
});

/** The last is as `describeLoadBalancer` says it. */
export const GATEWAY_CASES: readonly (readonly [name: string, given: GivenCluster, expected: string])[] = [
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
    "with another attribute that AWS refuses: none of that call is set",
    {
      ...simple,
      targetGroups: [
        targetGroupConfiguration({ of: "web", props: { attributes: { [PRESERVE]: "false", [CROSS_ZONE]: "yes" } } }),
      ],
    },
    "lbc, internal, instance, 80 unknown, cross-zone unknown: unknown, refused",
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
    "with routes of namespaces that a selector may let in: any of them may count",
    {
      ...simple,
      gateways: [
        gateway({
          listeners: [{ name: "a", port: 80, protocol: "TCP", allowedRoutes: { namespaces: { from: "Selector" } } }],
        }),
      ],
      routes: [
        ["TCPRoute", route({ name: "a", namespace: "other", parent: { namespace: "shop" }, to: ["shop/api:80"] })],
        ["TCPRoute", route({ name: "b", to: ["web:80"] })],
      ],
      services: [nodePortService(), nodePortService("api")],
      targetGroups: [targetGroupConfiguration({ of: "api", props: OFF })],
    },
    "lbc, internal, instance, 80 unknown, cross-zone off (default): unknown",
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
