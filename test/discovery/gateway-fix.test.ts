import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parse, parseAllDocuments } from "yaml";
import { describeGateways } from "../../src/discovery/gateways/gateway.ts";
import { gatewayFixOf } from "../../src/discovery/gateways/gateway-fix.ts";
import { manifestOf } from "../../src/discovery/gateways/manifest.ts";
import { parseTargetGroupConfiguration } from "../../src/discovery/objects/gateway-config-objects.ts";
import { DEFAULT_CONTEXT } from "../../src/domain/controller-context.ts";
import type { Fix } from "../../src/domain/fix.ts";
import { canHairpin } from "../../src/domain/load-balancer.ts";
import { type GivenCluster, worldOf } from "./support/cluster.ts";
import { gateway, loadBalancerConfiguration, route, targetGroupConfiguration } from "./support/gateway-objects.ts";
import { service } from "./support/objects.ts";

const PRESERVE = "preserve_client_ip.enabled";
const on = { key: PRESERVE, value: "true" };
const off = { key: PRESERVE, value: "false" };

type Configuration = Readonly<Record<string, unknown>>;

const simple: GivenCluster = {
  gateways: [gateway({})],
  routes: [["TCPRoute", route({ to: ["web:80"] })]],
  services: [service({ hostname: null, spec: { type: "NodePort" } })],
};
const udpToo: GivenCluster = {
  ...simple,
  gateways: [gateway({ listeners: ["80/TCP", "53/UDP"] })],
  routes: [
    ["TCPRoute", route({ parent: { port: 80 }, to: ["web:80"] })],
    ["UDPRoute", route({ name: "dns", parent: { port: 53 }, to: ["web:80"] })],
  ],
};
const configuration = (spec: object, metadata: object = {}): Configuration => ({
  apiVersion: "gateway.k8s.aws/v1",
  kind: "TargetGroupConfiguration",
  metadata: { namespace: "shop", name: "tg", ...metadata },
  spec: { targetReference: { kind: "Service", name: "web" }, ...spec },
});

/** The fix of the one Gateway of a cluster. */
function fixOf(given: GivenCluster): Fix | undefined {
  const originals = new Map(
    (given.targetGroups ?? []).map((object) => [parseTargetGroupConfiguration(object), object as object]),
  );
  const world = worldOf(given);
  const targetGroups = new Map([...originals.keys()].map((each) => [`${each.namespace}/${each.name}`, each]));
  const read = { ...world, configurations: { ...world.configurations, targetGroups } };
  const [described] = describeGateways(read, DEFAULT_CONTEXT);
  assert.ok(described);
  return gatewayFixOf(described, read, DEFAULT_CONTEXT, originals);
}

/** The objects that are printed, in place of those of the same name; and that nothing can hairpin with them but UDP. */
function applied(given: GivenCluster): readonly Configuration[] {
  const fix = fixOf(given);
  const printed = parseAllDocuments(fix?.manifest ?? "").map((document) => document.toJS() as Configuration);
  const nameOf = (object: unknown): string => (object as { metadata: { name: string } }).metadata.name;
  const names = new Set(printed.map(nameOf));
  const kept = (given.targetGroups ?? []).filter((object) => !names.has(nameOf(object)));
  const [after] = describeGateways(worldOf({ ...given, targetGroups: [...kept, ...printed] }), DEFAULT_CONTEXT);
  assert.ok(after);
  assert.deepEqual(after.loadBalancer.refusals, []);
  for (const { transport, targetGroup } of after.loadBalancer.ports) {
    assert.equal(targetGroup.preserveClientIp.enabled, transport === "UDP");
  }
  return printed;
}

describe("the TargetGroupConfiguration that is printed", () => {
  it("keeps all that is in the one that is there, but for what the server writes itself", () => {
    const rest = {
      targetType: "ip",
      targetGroupName: "my-group",
      healthCheckConfig: { healthCheckPath: "/healthz", matcher: { httpCode: "200" } },
      nodeSelector: { matchLabels: { pool: "edge" } },
      tags: { team: "search" },
      somethingNew: [{ a: null }],
    };
    const before = configuration(
      {
        anotherField: { x: 1 },
        defaultConfiguration: {
          ...rest,
          targetGroupAttributes: [on, { key: "deregistration_delay.timeout_seconds", value: "30", note: "x" }],
        },
      },
      {
        labels: { app: "web" },
        annotations: { owner: "search", "kubectl.kubernetes.io/last-applied-configuration": "{}" },
        uid: "1",
        resourceVersion: "7",
        managedFields: [],
      },
    );
    assert.deepEqual(applied({ ...simple, targetGroups: [before] }), [
      configuration(
        {
          anotherField: { x: 1 },
          defaultConfiguration: {
            ...rest,
            targetGroupAttributes: [off, { key: "deregistration_delay.timeout_seconds", value: "30", note: "x" }],
          },
        },
        { labels: { app: "web" }, annotations: { owner: "search" } },
      ),
    ]);
  });

  it("has it off for routes, too, that have it on, and leaves those alone that do not speak of it", () => {
    const entry = (routeIdentifier: object, targetGroupAttributes: readonly object[]) => ({
      routeIdentifier,
      targetGroupProps: { targetType: "ip", targetGroupAttributes },
    });
    const routes = (switched: object) => [
      entry({ kind: "TCPRoute", namespace: "shop", name: "route" }, [switched]),
      entry({ kind: "TLSRoute" }, [{ key: "a", value: "b" }]),
    ];
    const [printed] = applied({
      ...simple,
      targetGroups: [configuration({ defaultConfiguration: { targetGroupAttributes: [off] }, routeConfigurations: routes(on) })],
    });
    assert.deepEqual(printed?.spec, {
      targetReference: { kind: "Service", name: "web" },
      defaultConfiguration: { targetGroupAttributes: [off] },
      routeConfigurations: routes(off),
    });
  });

  it("is for the route alone where the Service is behind a UDP port, too, with what counted for that route before", () => {
    const [printed] = applied({
      ...udpToo,
      targetGroups: [
        configuration({
          defaultConfiguration: { targetType: "ip", targetGroupAttributes: [on, { key: "a", value: "b" }] },
          routeConfigurations: [{ routeIdentifier: { kind: "TCPRoute" }, targetGroupProps: { targetType: "instance" } }],
        }),
      ],
    });
    assert.deepEqual(printed?.spec, {
      targetReference: { kind: "Service", name: "web" },
      defaultConfiguration: { targetType: "ip", targetGroupAttributes: [{ key: "a", value: "b" }] },
      routeConfigurations: [
        { routeIdentifier: { kind: "TCPRoute" }, targetGroupProps: { targetType: "instance" } },
        {
          routeIdentifier: { kind: "TCPRoute", namespace: "shop", name: "route" },
          targetGroupProps: { targetType: "instance", targetGroupAttributes: [off] },
        },
      ],
    });
  });

  it("takes the switch away from where AWS refuses it", () => {
    const given = { ...udpToo, targetGroups: [configuration({ defaultConfiguration: { targetGroupAttributes: [off] } })] };
    assert.match(fixOf(given)?.summary ?? "", /^Mends what is refused\./);
    applied(given);
  });

  it("is a new one for a Service that has none, over whatever the defaults say, and takes no other one's name", () => {
    const given: GivenCluster = {
      ...simple,
      gateways: [gateway({ config: "lb" })],
      loadBalancers: [loadBalancerConfiguration("lb", { defaults: "web" })],
      targetGroups: [targetGroupConfiguration({ name: "web", props: { attributes: { [PRESERVE]: "true" } } })],
    };
    const [printed] = applied(given);
    assert.deepEqual(printed?.metadata, { namespace: "shop", name: "web-target-groups" });
    assert.deepEqual(applied(simple)[0]?.metadata, { namespace: "shop", name: "web" });
  });

  it("is for those Services alone that preserve", () => {
    const printed = applied({
      ...simple,
      gateways: [gateway({ listeners: [80, 81] })],
      routes: [
        ["TCPRoute", route({ parent: { port: 80 }, to: ["web:80"] })],
        ["TCPRoute", route({ name: "other", parent: { port: 81 }, to: ["api:80"] })],
      ],
      services: ["web", "api"].map((name) => service({ name, hostname: null, spec: { type: "NodePort" } })),
      targetGroups: [targetGroupConfiguration({ of: "api", props: { attributes: { [PRESERVE]: "false" } } })],
    });
    assert.deepEqual(
      printed.map(({ metadata }) => metadata),
      [{ namespace: "shop", name: "web" }],
    );
  });

  it("is none while the controller refuses something else: that comes first, and is said", () => {
    const fix = fixOf({ ...simple, services: [service({ hostname: null, spec: { type: "ClusterIP" } })] });
    assert.equal(fix?.manifest, "");
    assert.match(fix?.summary ?? "", /^Mend first what its controller refuses/);
    assert.match(fix?.caveats.join() ?? "", /got type ClusterIP, expected NodePort or LoadBalancer/);
  });

  it("is none where nothing can hairpin, or it is not known", () => {
    assert.equal(
      fixOf({ ...simple, targetGroups: [configuration({ defaultConfiguration: { targetGroupAttributes: [off] } })] }),
      undefined,
    );
    assert.equal(fixOf({ ...simple, unreadable: true }), undefined);
    assert.equal(canHairpin(describeGateways(worldOf(simple), DEFAULT_CONTEXT)[0]?.loadBalancer ?? assert.fail()), true);
  });
});

describe("the YAML of a manifest", () => {
  it("means the object that it was made of, and has nothing that a terminal would not show", () => {
    const odd = {
      a: "x\u001b[31m\u202e\u2028\u{e0001}'$(reboot)",
      b: "lines\nof text\n",
      c: `long ${"word ".repeat(60)}`,
      d: ["no", "1e3", "0x10", "null", "~", "", " x ", "a: b", "# c", "EOF", "2026-01-01", "y\nEOF\nz"],
    };
    const text = manifestOf(odd);
    assert.deepEqual(parse(text), odd);
    assert.doesNotMatch(text.replaceAll("\n", ""), /[\p{Cc}\p{Cf}\u2028\u2029]/u);
    assert.ok(!text.split("\n").includes("EOF"));
  });
});
