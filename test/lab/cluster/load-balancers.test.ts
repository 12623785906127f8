import assert from "node:assert/strict";
import { test } from "node:test";
import { WEB, webService, webSlices } from "../../../lab/cluster/defaults.ts";
import { loadBalancers, type NlbStates } from "../../../lab/cluster/load-balancers.ts";
import type { EndpointSlice, Service } from "../../../lab/cluster/objects.ts";
import { buildTopology } from "../../../lab/topology.ts";

const PREFIX = "service.beta.kubernetes.io/aws-load-balancer-";
const topology = buildTopology({ nodes: 3, zones: 2 });
const ALL = ["node-1", "node-2", "node-3"];

/** `shop/web` with these annotations instead of its own, keys without their prefix. */
function web(annotations: Readonly<Record<string, string>> = {}, spec: Partial<Service["spec"]> = {}): Service {
  const service = webService();
  const full = Object.fromEntries(Object.entries(annotations).map(([key, value]) => [`${PREFIX}${key}`, value]));
  return { ...service, metadata: { ...service.metadata, annotations: full }, spec: { ...service.spec, ...spec } };
}
const build = (
  services: readonly Service[],
  states: NlbStates = new Map(),
  slices: readonly EndpointSlice[] = webSlices(topology, ALL),
) => loadBalancers({ services, slices, topology }, states, 60);
/** The http listener of `shop/web`, after a sequence of annotations, one reconciliation each. */
function afterwards(...sequence: readonly Readonly<Record<string, string>>[]) {
  let states: NlbStates = new Map();
  let listener: ReturnType<typeof build>["listeners"][number] | undefined;
  for (const annotations of sequence) {
    const built = build([web(annotations)], states);
    ({ states } = built);
    listener = built.listeners[0];
  }
  assert.ok(listener !== undefined);
  return listener;
}
const where = (service: Service, ready: readonly string[] = ALL) =>
  build([service], new Map(), webSlices(topology, ready)).listeners.map(({ targets }) =>
    targets.map(({ node, address, port }) => `${node} ${address}:${port}`),
  );

test("by default every node is a target by its node port, the client's address is preserved, and zones keep to themselves", () => {
  const { listeners, hostnames, records, problems } = build([web()]);
  assert.deepEqual(listeners[0], {
    id: "shop/web:80",
    addresses: [
      { zone: "eu-west-1a", address: "10.0.35.1" },
      { zone: "eu-west-1b", address: "10.0.67.1" },
    ],
    port: 80,
    crossZone: false,
    preserveClientIp: true,
    targets: [
      { zone: "eu-west-1a", node: "node-1", address: "10.0.32.10", port: 31_080 },
      { zone: "eu-west-1a", node: "node-2", address: "10.0.32.11", port: 31_080 },
      { zone: "eu-west-1b", node: "node-3", address: "10.0.64.10", port: 31_080 },
    ],
  });
  assert.deepEqual([listeners.length, listeners[1]?.id, problems], [2, "shop/web:9000", []]);
  const hostname = hostnames.get("shop/web") ?? "";
  assert.match(hostname, /^k8s-shop-web-[0-9a-f]{10}-[0-9a-f]{16}\.elb\.eu-west-1\.amazonaws\.com$/);
  assert.deepEqual(Object.fromEntries(records), {
    [hostname]: { addresses: ["10.0.35.1", "10.0.67.1"], ttlSeconds: 60 },
    [`eu-west-1a.${hostname}`]: { addresses: ["10.0.35.1"], ttlSeconds: 60 },
    [`eu-west-1b.${hostname}`]: { addresses: ["10.0.67.1"], ttlSeconds: 60 },
  });
});

const HANDLED: readonly (readonly [string, Service, "instance" | "ip" | undefined])[] = [
  ["the controller's class", web(), "instance"],
  ["the class with ip targets", web({ "nlb-target-type": "ip" }), "ip"],
  ["the class with type nlb-ip", web({ type: "nlb-ip" }), "ip"],
  ["the class with an unknown target type", web({ "nlb-target-type": "pod" }), "instance"],
  ["the class, internet-facing", web({ scheme: "internet-facing" }), undefined],
  ["the class, legacy internal=false", web({ internal: "false" }), undefined],
  ["the class, scheme before legacy internal", web({ internal: "false", scheme: "internal" }), "instance"],
  ["another class", web({}, { loadBalancerClass: "example.com/lb" }), undefined],
  ["another type of Service", web({}, { type: "ClusterIP" }), undefined],
];
for (const [title, service, targetType] of HANDLED) {
  test(`${title}: ${targetType === undefined ? "no internal NLB" : `${targetType} targets`}`, () => {
    const { listeners } = build([service]);
    assert.equal(listeners[0]?.targets[0]?.port, { instance: 31_080, ip: 8_080, none: undefined }[targetType ?? "none"]);
  });
}

const BY_TYPE: readonly (readonly [string, Readonly<Record<string, string>>, "instance" | "ip" | undefined])[] = [
  ["nothing", {}, undefined],
  ["nlb-ip", { type: "nlb-ip" }, "ip"],
  ["external with ip", { type: "external", "nlb-target-type": "ip" }, "ip"],
  ["external with instance", { type: "external", "nlb-target-type": "instance" }, "instance"],
  ["external alone", { type: "external" }, undefined],
  ["nlb, which is internet-facing", { type: "nlb", scheme: "internal" }, undefined],
  ["nlb, internal", { type: "nlb", internal: "true", "nlb-target-type": "ip" }, "instance"],
];
for (const [title, annotations, targetType] of BY_TYPE) {
  test(`without a class, type ${title}: ${targetType === undefined ? "no internal NLB" : `${targetType} targets`}`, () => {
    const { loadBalancerClass: _, ...spec } = webService().spec;
    const { listeners } = build([{ ...web(annotations), spec }]);
    assert.equal(listeners[0]?.targets[0]?.port, { instance: 31_080, ip: 8_080, none: undefined }[targetType ?? "none"]);
  });
}

test("policy Local leaves only the nodes that have a ready endpoint, ip targets are the ready pods whatever the policy", () => {
  const local = { externalTrafficPolicy: "Local" } as const;
  assert.deepEqual(where(web({}, local), ["node-2"])[0], ["node-2 10.0.32.11:31080"]);
  assert.equal(where(web(), ["node-2"])[0]?.length, 3);
  for (const spec of [{}, local]) {
    assert.deepEqual(where(web({ "nlb-target-type": "ip" }, spec), ["node-1", "node-3"]), [
      ["node-1 10.0.34.10:8080", "node-3 10.0.66.10:8080"],
      ["node-1 10.0.34.10:9000", "node-3 10.0.66.10:9000"],
    ]);
  }
});

const TGA = "target-group-attributes";
const [ON, OFF] = [{ [TGA]: "preserve_client_ip.enabled=true" }, { [TGA]: "preserve_client_ip.enabled=false" }];
const IP = { "nlb-target-type": "ip" };

test("a certificate makes TLS listeners of all ports, or of those that ssl-ports names", () => {
  const tls = (annotations: Readonly<Record<string, string>>) =>
    build([web(annotations)]).listeners.flatMap(({ port, tlsTerminated }) => (tlsTerminated ? [port] : []));
  assert.deepEqual(tls({}), []);
  assert.deepEqual(tls({ "ssl-cert": "arn" }), [80, 9_000]);
  assert.deepEqual(tls({ "ssl-cert": "arn", "ssl-ports": "tcp-ledger" }), [9_000]);
  assert.deepEqual(tls({ "ssl-cert": "arn", "ssl-ports": "80, 443" }), [80]);
  assert.deepEqual(tls({ "ssl-ports": "80" }), []);
});

test("preservation is on for instances and off for IP addresses, unless it is said", () => {
  assert.equal(afterwards({}).preserveClientIp, true);
  assert.equal(afterwards(OFF).preserveClientIp, false);
  assert.equal(afterwards(IP).preserveClientIp, false);
  assert.equal(afterwards({ ...IP, ...ON }).preserveClientIp, true);
  assert.equal(afterwards({ [TGA]: " stickiness.enabled=true , preserve_client_ip.enabled = F " }).preserveClientIp, false);
});

test("an attribute whose annotation is taken away keeps its last value, and loses it with its target group", () => {
  assert.equal(afterwards(OFF, {}).preserveClientIp, false);
  assert.equal(afterwards({ ...IP, ...ON }, IP).preserveClientIp, true);
  assert.equal(afterwards(OFF, IP, {}).preserveClientIp, true, "a new target type is a new target group");
  const crossZone = { attributes: "load_balancing.cross_zone.enabled=true" };
  assert.equal(afterwards(crossZone, {}).crossZone, true);
  assert.equal(afterwards(crossZone, { attributes: "load_balancing.cross_zone.enabled=false" }).crossZone, false);
});

test("a port's own attributes come before those of all", () => {
  const service = web({ ...OFF, [`${TGA}.9000`]: "preserve_client_ip.enabled=true" });
  assert.deepEqual(
    build([service]).listeners.map(({ preserveClientIp }) => preserveClientIp),
    [false, true],
  );
});

test("the older annotation for cross-zone load balancing comes before the attribute", () => {
  const attribute = { attributes: "load_balancing.cross_zone.enabled=true" };
  assert.equal(afterwards({ ...attribute, "cross-zone-load-balancing-enabled": "false" }).crossZone, false);
});

test("an annotation that the controller refuses is said, and leaves the NLB as it was", () => {
  for (const bad of [{ [TGA]: "preserve_client_ip.enabled=no" }, { [TGA]: "preserve_client_ip.enabled" }, { scheme: "inside" }]) {
    const { states, hostnames } = build([web(OFF)]);
    const after = build([web(bad)], states);
    assert.equal(after.listeners[0]?.preserveClientIp, false);
    assert.deepEqual([...after.hostnames], [...hostnames]);
    assert.equal(after.problems[0]?.service, "shop/web");
    assert.match(after.problems[0]?.problem ?? "", /aws-load-balancer-.*: got ".*", expected/);
    assert.deepEqual(build([web(bad)]).listeners, [], "and makes none");
  }
});

test("an NLB keeps its addresses while others come and go, and its name always", () => {
  const other: Service = { ...web(), metadata: { namespace: "a-long-namespace", name: "api.v1" } };
  const first = build([other, web()]);
  const addressOf = (built: ReturnType<typeof build>, id: string) =>
    built.listeners.find((each) => each.id === id)?.addresses[0]?.address;
  assert.deepEqual([addressOf(first, "a-long-namespace/api.v1:80"), addressOf(first, "shop/web:80")], ["10.0.35.1", "10.0.35.2"]);
  assert.match(first.hostnames.get("a-long-namespace/api.v1") ?? "", /^k8s-alongnam-apiv1-/);
  const alone = build([web()], first.states);
  assert.equal(addressOf(alone, "shop/web:80"), "10.0.35.2");
  assert.equal(alone.hostnames.get("shop/web"), build([web()]).hostnames.get("shop/web"));
  assert.equal(
    addressOf(build([other, web()], alone.states), "a-long-namespace/api.v1:80"),
    "10.0.35.1",
    "a free one is taken again",
  );
});

test("by another name it is another NLB: a host name and addresses of its own, and nothing of what the old one was told", () => {
  const first = build([web(OFF)]);
  const renamed = build([web({ name: "web-2" })], first.states);
  assert.match(renamed.hostnames.get("shop/web") ?? "", /^web-2-[0-9a-f]{16}\.elb\./);
  const told = ({ listeners: [listener] }: typeof first) => [listener?.addresses[0]?.address, listener?.preserveClientIp];
  assert.deepEqual(
    [told(first), told(renamed)],
    [
      ["10.0.35.1", false],
      ["10.0.35.2", true],
    ],
  );
  assert.deepEqual(told(build([web({ name: "web-2" })], renamed.states)), ["10.0.35.2", true], "and it stays");
});

test("DNS leaves out a zone without a target, unless targets of other zones serve it, or none would be left", () => {
  const answer = (service: Service, ready: readonly string[]) => {
    const { hostnames, records } = build([service], new Map(), webSlices(topology, ready));
    return records.get(hostnames.get("shop/web") ?? "")?.addresses;
  };
  assert.deepEqual(answer(web(IP), ["node-3"]), ["10.0.67.1"]);
  assert.deepEqual(answer(web({ ...IP, attributes: "load_balancing.cross_zone.enabled=true" }), ["node-3"]), [
    "10.0.35.1",
    "10.0.67.1",
  ]);
  assert.deepEqual(answer(web(IP), []), ["10.0.35.1", "10.0.67.1"]);
});

test("ports that are not TCP, or have no node port, are no listeners or have no targets", () => {
  const udp = web({}, { ports: [{ name: "dns", port: 53, protocol: "UDP", nodePort: 31_053 }] });
  assert.deepEqual(build([udp]).listeners, []);
  const without = web({}, { ports: [{ name: "http", port: 80 }] });
  assert.deepEqual(build([without]).listeners[0]?.targets, []);
  assert.equal(WEB.name, without.metadata.name);
});
