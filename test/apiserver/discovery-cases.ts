/** Discovery as a whole against an API server: what it must see, whatever happens to the server. */
import assert from "node:assert/strict";
import { Reflector } from "../../src/discovery/api/reflector.ts";
import { startKubernetesDiscovery } from "../../src/discovery/kubernetes.ts";
import type { Snapshot } from "../../src/domain/snapshot.ts";
import { systemClock } from "../../src/schedule/system-clock.ts";
import { binding, gateway, gatewayClass, route, targetGroupConfiguration } from "../discovery/support/gateway-objects.ts";
import { lbcService, service } from "../discovery/support/objects.ts";
import { until } from "../support/waiting.ts";
import { type ServerCase, servicesIn, slice, slicesIn } from "./cases.ts";
import { put, remove, type ServerUnderTest } from "./server.ts";

const TIMING = { backoffBaseMs: 50, backoffMaxMs: 500, relistJitterMs: 100, selectorSpacingMs: 50 };

interface Discovering extends AsyncDisposable {
  readonly snapshots: readonly Snapshot[];
  readonly errors: readonly string[];
  readonly states: ReadonlyMap<string, string>;
  /** Nodes behind an NLB; `undefined`: it is not there. */
  nodes(name: string): readonly (string | undefined)[] | undefined;
  /** Those of them that are ready. */
  ready(name: string): readonly (string | undefined)[] | undefined;
  skipped(name: string): string | undefined;
  preserved(name: string): boolean | undefined;
}

export function discover({ api }: Pick<ServerUnderTest, "api">, namespace: string): Discovering {
  const controller = new AbortController();
  const snapshots: Snapshot[] = [];
  const errors: string[] = [];
  const states = new Map<string, string>();
  const { done } = startKubernetesDiscovery({
    api,
    defaultPath: "/",
    clock: systemClock,
    random: Math.random,
    signal: controller.signal,
    timing: TIMING,
    onSnapshot: (snapshot) => void snapshots.push(snapshot),
    onState: (resource, state) => void states.set(resource, state),
    onError: ({ resource, error }) => {
      // What a server says that has just come up; it is asked again.
      if (!error.message.includes("storage is (re)initializing")) errors.push(`${resource}: ${error.message}`);
    },
  });
  const isIt = (name: string) => (found: { readonly namespace: string; readonly name: string }) =>
    found.namespace === namespace && found.name === name;
  const find = (name: string) => snapshots.at(-1)?.services.find((found) => isIt(name)(found.service));
  return {
    snapshots,
    errors,
    states,
    nodes: (name) => find(name)?.backends.map(({ node }) => node),
    ready: (name) => find(name)?.backends.flatMap(({ node, ready }) => (ready ? [node] : [])),
    skipped: (name) => snapshots.at(-1)?.skipped.find(isIt(name))?.reason,
    preserved: (name) => find(name)?.service.listeners[0]?.targetGroup.preserveClientIp.enabled,
    async [Symbol.asyncDispose]() {
      controller.abort();
      await done;
    },
  };
}

/** As clients send them: kind and version, and no more of the metadata than they know. */
const whole = <T extends { readonly metadata: object }>(apiVersion: string, kind: string, object: T) => ({
  apiVersion,
  kind,
  ...object,
});
const nlb = (given: Parameters<typeof lbcService>[0]) => {
  const { metadata, ...others } = lbcService({ ports: [{ name: "http", port: 80, protocol: "TCP" }], ...given });
  const { name, annotations } = metadata;
  return whole("v1", "Service", { metadata: { name, annotations }, ...others });
};
const nodePort = (name: string) => {
  const { spec } = service({ name, spec: { type: "NodePort" }, ports: [{ name: "http", port: 80, protocol: "TCP" }] });
  return whole("v1", "Service", { metadata: { name }, spec });
};

const GATEWAY_API = "/apis/gateway.networking.k8s.io";
const paths = (namespace: string) => ({
  classes: `${GATEWAY_API}/v1/gatewayclasses`,
  gateways: `${GATEWAY_API}/v1/namespaces/${namespace}/gateways`,
  routes: `${GATEWAY_API}/v1alpha2/namespaces/${namespace}/tcproutes`,
  targetGroups: `/apis/gateway.k8s.aws/v1beta1/namespaces/${namespace}/targetgroupconfigurations`,
  bindings: `/apis/elbv2.k8s.aws/v1beta1/namespaces/${namespace}/targetgroupbindings`,
});
const GATEWAY_V1 = "gateway.networking.k8s.io/v1";

export const DISCOVERY_CASES: readonly ServerCase[] = [
  {
    name: "discovery follows Services and their slices as they come, change and go",
    async run(server, namespace) {
      await put(server, servicesIn(namespace), nlb({ name: "web", namespace }));
      await put(server, slicesIn(namespace), slice("web", ["n1"]));
      await using found = discover(server, namespace);
      await until("web is on n1", () => found.nodes("web")?.[0] === "n1");
      await put(server, slicesIn(namespace), slice("web", ["n2", "n3"]));
      await until("web has moved", () => found.nodes("web")?.join() === "n2,n3");
      await put(server, servicesIn(namespace), nlb({ name: "api", namespace, hostname: null }));
      await until("api is pending", () => found.skipped("api") === "pending");
      await put(server, servicesIn(namespace), nlb({ name: "api", namespace }));
      await until("api is there, without backends", () => found.nodes("api")?.length === 0);
      const fixed = { "target-group-attributes": "preserve_client_ip.enabled=false" };
      await put(server, servicesIn(namespace), nlb({ name: "web", namespace, annotations: fixed }));
      await until("web is fixed", () => found.preserved("web") === false);
      await remove(server, `${servicesIn(namespace)}/api`);
      await until("api is gone", () => found.nodes("api") === undefined && found.skipped("api") === undefined);
      assert.deepEqual(found.errors, []);
    },
  },
  {
    name: "discovery counts pods while they come up, are on their way out, and are gone with their node",
    async run(server, namespace) {
      await put(server, servicesIn(namespace), nlb({ name: "web", namespace }));
      const { endpoints, ...rest } = slice("web", ["n1", "n2", "n3"]);
      const withConditions = (...each: readonly object[]) => ({
        ...rest,
        endpoints: each.flatMap((conditions, i) => ({ ...endpoints[i], conditions })),
      });
      const up = { ready: true, serving: true, terminating: false };
      const starting = { ready: false, serving: false, terminating: false };
      const leaving = { ready: false, serving: true, terminating: true };
      await put(server, slicesIn(namespace), withConditions(starting, starting, starting));
      await using found = discover(server, namespace);
      await until("none is ready yet", () => found.ready("web")?.length === 0 && found.nodes("web")?.length === 3);
      await put(server, slicesIn(namespace), withConditions(up, up, starting));
      await until("two are ready", () => found.ready("web")?.join() === "n1,n2");
      await put(server, slicesIn(namespace), withConditions(up, leaving, up));
      await until("one leaves", () => found.ready("web")?.join() === "n1,n3");
      // A node is drained: its pods go from the slice.
      await put(server, slicesIn(namespace), withConditions(up));
      await until("n1 is left", () => found.nodes("web")?.join() === "n1");
      await remove(server, `${slicesIn(namespace)}/web-1`);
      await until("nothing is left, and it is planned all the same", () => found.nodes("web")?.length === 0);
      assert.deepEqual([found.skipped("web"), found.errors], [undefined, []]);
    },
  },
  {
    name: "discovery follows Gateways, their routes, their configuration, and bindings",
    async run(server, namespace) {
      const { classes, gateways, routes, targetGroups, bindings } = paths(namespace);
      await put(server, classes, whole(GATEWAY_V1, "GatewayClass", gatewayClass()));
      for (const [name, node] of [
        ["web", "n1"],
        ["api", "n2"],
      ] as const) {
        await put(server, servicesIn(namespace), nodePort(name));
        await put(server, slicesIn(namespace), slice(name, [node]));
      }
      const routeTo = (name: string) =>
        whole("gateway.networking.k8s.io/v1alpha2", "TCPRoute", route({ namespace, to: [`${name}:80`] }));
      const edge = (hostname?: null) =>
        whole(GATEWAY_V1, "Gateway", gateway({ namespace, ...(hostname === null ? { hostname } : {}) }));
      await put(server, routes, routeTo("web"));
      await put(server, gateways, edge(null));
      await using found = discover(server, namespace);
      await until("it is pending", () => found.skipped("gateway/edge") === "pending");
      await put(server, gateways, edge());
      await until("it is on n1", () => found.nodes("gateway/edge")?.join() === "n1");
      await put(server, routes, routeTo("api"));
      await until("it is on n2", () => found.nodes("gateway/edge")?.join() === "n2");
      const off = targetGroupConfiguration({ of: "api", props: { attributes: { "preserve_client_ip.enabled": "false" } } });
      const { spec } = off;
      const inNamespace = { metadata: { name: "api", namespace }, spec };
      await put(server, targetGroups, whole("gateway.k8s.aws/v1beta1", "TargetGroupConfiguration", inNamespace));
      await until("it is fixed", () => found.preserved("gateway/edge") === false);
      const mine = { ...binding({ service: "web", labels: {} }), metadata: { name: "mine", namespace } };
      await put(server, bindings, whole("elbv2.k8s.aws/v1beta1", "TargetGroupBinding", mine));
      await until("web stands behind a foreign NLB", () => found.skipped("web") === "foreign_nlb");
      await remove(server, `${gateways}/edge`);
      await until("it is gone", () => found.nodes("gateway/edge") === undefined);
      assert.deepEqual([found.states.get("gateways"), found.states.get("udproutes")], ["watched", "missing"]);
      assert.deepEqual(found.errors, []);
    },
  },
  {
    name: "discovery outlives a restart of the server during its watches, and misses nothing",
    async run(server, namespace) {
      await put(server, servicesIn(namespace), nlb({ name: "web", namespace }));
      await put(server, slicesIn(namespace), slice("web", ["n1"]));
      await using found = discover(server, namespace);
      await until("web is on n1", () => found.nodes("web")?.[0] === "n1");
      const before = found.snapshots.length;
      await server.restart();
      await put(server, slicesIn(namespace), slice("web", ["n2"]));
      await put(server, servicesIn(namespace), nlb({ name: "api", namespace }));
      await until("both changes are seen", () => found.nodes("web")?.[0] === "n2" && found.nodes("api") !== undefined);
      for (const { services } of found.snapshots.slice(before)) {
        assert.ok(
          services.some((known) => known.service.namespace === namespace && known.service.name === "web"),
          "web was lost for a moment",
        );
      }
    },
  },
  {
    name: "a reflector whose version was forgotten while it was away lists anew, and misses no deletion",
    async run(server, namespace) {
      const path = servicesIn(namespace);
      for (const name of ["stays", "goes"]) await put(server, path, nodePort(name));
      const controller = new AbortController();
      const errors: string[] = [];
      let seen: readonly string[] = [];
      // Away: requests fail until it is let back.
      let isAway = false;
      const { done } = new Reflector<string>({
        api: {
          ...server.api,
          get: (...given) => (isAway ? Promise.reject(new Error("away")) : server.api.get(...given)),
        },
        resource: { path, query: {} },
        parse: (object) => (object as { metadata: { name: string } }).metadata.name,
        clock: systemClock,
        random: Math.random,
        signal: controller.signal,
        timing: { ...TIMING, watchSeconds: [1, 1] },
        onChange: (objects) => {
          seen = [...objects.values()].toSorted();
        },
        onError: (error) => void errors.push(error.message),
      });
      try {
        await until("both are seen", () => seen.join() === "goes,stays");
        isAway = true;
        await until("it is away", () => errors.includes("away"));
        await remove(server, `${path}/goes`);
        await put(server, path, nodePort("comes"));
        await server.forgetHistory();
        isAway = false;
        await until("it has caught up", () => seen.join() === "comes,stays");
        assert.match(errors.join("\n"), /410|too old/i);
      } finally {
        controller.abort();
        await done;
      }
    },
  },
];
