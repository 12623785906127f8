import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { OPTIONAL_RESOURCES } from "../../src/domain/resources.ts";
import { until } from "../support/waiting.ts";
import { type ApiServer, type FakeRequest, sendJson } from "./support/api-server.ts";
import { binding, gateway, gatewayClass, route, targetGroupConfiguration } from "./support/gateway-objects.ts";
import { lbcService, service, slice } from "./support/objects.ts";
import {
  AWS_GATEWAY,
  BINDINGS,
  GATEWAY_API,
  type Running,
  run,
  SERVICES,
  SLICES,
  selectors,
} from "./support/running-discovery.ts";

const CLASSES = `${GATEWAY_API}/v1/gatewayclasses`;
const GATEWAYS = `${GATEWAY_API}/v1/gateways`;
const TCP_ROUTES = `${GATEWAY_API}/v1alpha2/tcproutes`;
const TARGET_GROUPS = `${AWS_GATEWAY}/v1beta1/targetgroupconfigurations`;

/** The fake server keys by namespace, too; a class has none. */
const cluster = <T extends { readonly metadata: { readonly name: string } }>(object: T) => ({
  ...object,
  metadata: { namespace: "", ...object.metadata },
});

function prepare(server: ApiServer): void {
  server.put(CLASSES, cluster(gatewayClass()));
  server.put(GATEWAYS, gateway({}));
  server.put(TCP_ROUTES, route({ to: ["web:80"] }));
  for (const [name, node] of [
    ["web", "n1"],
    ["api", "n2"],
  ] as const) {
    server.put(SERVICES, service({ name, hostname: null, spec: { type: "NodePort" } }));
    server.put(SLICES, slice(name, [{ address: "10.0.1.1", node }]));
  }
}

const edge = ({ last }: Running) => last().services.find(({ service: { name } }) => name === "gateway/edge");

describe("a Gateway in discovery", () => {
  it("is an NLB with the backends of the Services that its routes name, port by port", async () => {
    await using running = await run({
      prepare: (server) => {
        prepare(server);
        server.put(GATEWAYS, gateway({ listeners: [80, 81] }));
        server.put(TCP_ROUTES, route({ parent: { port: 80 }, to: ["web:80"] }));
        server.put(TCP_ROUTES, route({ name: "second", parent: { port: 81 }, to: ["api:80"] }));
      },
    });
    await until("it is there", () => edge(running) !== undefined);
    const nodes = (port: number) =>
      edge(running)
        ?.backendsByPort?.get(port)
        ?.map(({ node }) => node);
    assert.deepEqual([nodes(80), nodes(81), running.backends("gateway/edge")], [["n1"], ["n2"], ["n1", "n2"]]);
    assert.deepEqual(running.errors, []);
  });

  it("follows its route to another Service, and waits for the backends of that", async () => {
    await using running = await run({ prepare });
    await until("it is on n1", () => running.backends("gateway/edge")?.[0] === "n1");
    running.server.put(TCP_ROUTES, route({ to: ["api:80"] }));
    await until("it is on n2", () => running.backends("gateway/edge")?.[0] === "n2");
    for (const { services } of running.snapshots) for (const { backends } of services) assert.equal(backends.length, 1);
  });

  it("with a backend that cannot be a Service keeps its others, and does not spoil the question for everybody's slices", async () => {
    const bogus = "x".repeat(200);
    await using running = await run({
      prepare: (server) => {
        prepare(server);
        server.put(TCP_ROUTES, route({ to: ["web:80", `${bogus}:80`] }));
      },
    });
    await until("it is there", () => edge(running) !== undefined);
    assert.deepEqual(running.backends("gateway/edge"), ["n1"]);
    assert.ok(selectors(running.server).every((selector) => !selector?.includes(bogus)));
  });

  it("goes when it is deleted, and comes back when it is made again", async () => {
    await using running = await run({ prepare });
    await until("it is there", () => edge(running) !== undefined);
    running.server.delete(GATEWAYS, "shop", "edge");
    await until("it is gone", () => edge(running) === undefined);
    running.server.put(GATEWAYS, gateway({ hostname: null }));
    await until("it is pending", () => running.last().skipped.some(({ reason }) => reason === "pending"));
    running.server.put(GATEWAYS, gateway({}));
    await until("it is back", () => edge(running) !== undefined);
  });

  it("goes with its class, and is told as skipped without its route", async () => {
    await using running = await run({ prepare });
    await until("it is there", () => edge(running) !== undefined);
    running.server.delete(TCP_ROUTES, "shop", "route");
    await until("it is skipped", () => running.last().skipped.some(({ reason }) => reason === "no_route"));
    running.server.put(CLASSES, cluster(gatewayClass("nlb", { controllerName: "gateway.k8s.aws/alb" })));
    await until("it is none of ours", () => running.last().skipped.length === 0);
    assert.equal(edge(running), undefined);
  });

  it("takes its configuration up when that changes", async () => {
    await using running = await run({ prepare });
    running.server.serve(TARGET_GROUPS);
    const preserved = () => edge(running)?.service.listeners[0]?.targetGroup.preserveClientIp.enabled;
    await until("preservation is on", () => preserved() === true);
    const props = { attributes: { "preserve_client_ip.enabled": "false" } };
    running.server.put(TARGET_GROUPS, targetGroupConfiguration({ of: "web", props }));
    running.server.endWatches("cleanly");
    await until("the configuration is seen", () => preserved() === false);
  });
});

describe("what a cluster need not have", () => {
  it("is missing without a word but one, and delays nothing", async () => {
    await using running = await run({ prepare: (server) => server.put(SERVICES, lbcService()) });
    await until("there is a snapshot", () => running.snapshots.length > 0);
    assert.deepEqual(running.states.map(([resource]) => resource).toSorted(), OPTIONAL_RESOURCES.toSorted());
    assert.deepEqual([new Set(running.states.map(([, state]) => state)), running.errors], [new Set(["missing"]), []]);
    // What a server says that it does not have is not asked for.
    const asked = running.server.requests.filter(({ path, kind }) => path.startsWith(GATEWAY_API) && kind !== "document");
    assert.deepEqual(asked, []);
  });

  it("may not be read: then what it would say is not known", async () => {
    await using running = await run({
      prepare: (server) => {
        prepare(server);
        server.serve(TARGET_GROUPS);
        server.fault = ({ path, response }) => {
          const refused = path === TARGET_GROUPS;
          if (refused) sendJson(response, 403, { kind: "Status", code: 403, reason: "Forbidden", message: "no" });
          return refused;
        };
      },
    });
    await until("it is there", () => edge(running) !== undefined);
    const { preserveClientIp, targetType } = edge(running)?.service.listeners[0]?.targetGroup ?? {};
    assert.deepEqual([preserveClientIp?.enabled, targetType], [undefined, undefined]);
    assert.deepEqual(
      running.states.filter(([resource]) => resource === "targetgroupconfigurations"),
      [["targetgroupconfigurations", "forbidden"]],
    );
    assert.deepEqual(running.errors, []);
  });

  it("is waited for when it is there: without its Gateways the first snapshot would not be whole", async () => {
    const held: FakeRequest[] = [];
    await using running = await run({
      prepare: (server) => {
        prepare(server);
        server.fault = (request) => request.path === GATEWAYS && request.kind === "stream" && held.push(request) > 0;
      },
    });
    await until("all others are there", () => running.states.length === OPTIONAL_RESOURCES.length - 1 && held.length === 1);
    await until("Services are watched", () => running.server.openWatches(SERVICES) === 1);
    assert.equal(running.snapshots.length, 0);
    running.server.fault = () => false;
    held[0]?.reset();
    await until("there is a snapshot", () => running.snapshots.length > 0);
    assert.ok(running.snapshots[0]?.services.some(({ service: { name } }) => name === "gateway/edge"));
  });

  it("that is in trouble is not known, which is not the same as absent", async () => {
    await using running = await run({
      timing: { patienceMs: 100 },
      prepare: (server) => {
        prepare(server);
        server.serve(TARGET_GROUPS);
        server.fault = ({ path, response }) => {
          if (path === TARGET_GROUPS) sendJson(response, 500, { message: "etcd" });
          return path === TARGET_GROUPS;
        };
      },
    });
    const preserved = () => edge(running)?.service.listeners[0]?.targetGroup.preserveClientIp;
    await until("it is there", () => edge(running) !== undefined);
    assert.deepEqual(preserved(), { enabled: undefined, origin: "unknown" });
    running.server.fault = () => false;
    await until("it is known", () => preserved()?.enabled === true);
  });

  it("is not waited for when it does not answer", async () => {
    await using running = await run({
      timing: { patienceMs: 100 },
      prepare: (server) => {
        server.put(SERVICES, lbcService());
        server.fault = ({ kind }) => kind === "document";
      },
    });
    await until("there is a snapshot", () => running.snapshots.length > 0);
    assert.equal(running.last().services.length, 1);
  });

  it("is found when it comes later, and taken in the best version that there is", async () => {
    await using running = await run({
      timing: { unavailableMs: 50 },
      prepare: (server) => server.put(SERVICES, lbcService()),
    });
    await until("there is a snapshot", () => running.snapshots.length > 0);
    const { server } = running;
    server.serve(`${GATEWAY_API}/v1beta1/gateways`);
    prepare(server);
    // Answers about versions are kept for a few seconds: nine resources ask at once.
    await until("it is there", () => edge(running) !== undefined);
    assert.ok(server.requests.some(({ path, kind }) => path === GATEWAYS && kind !== "document"));
    assert.ok(!server.requests.some(({ path }) => path === `${GATEWAY_API}/v1beta1/gateways`));
  });

  it("is gone when its definition is deleted, with all that came of it", async () => {
    await using running = await run({ prepare });
    await until("it is there", () => edge(running) !== undefined);
    running.server.withdraw(GATEWAYS);
    await until("it is gone", () => edge(running) === undefined);
    assert.deepEqual(
      running.states.filter(([resource]) => resource === "gateways").map(([, state]) => state),
      ["watched", "missing"],
    );
  });

  it("tells of a Service what its binding says, and of a foreign one that it is foreign", async () => {
    await using running = await run({
      prepare: (server) => {
        server.put(SERVICES, lbcService());
        server.put(SERVICES, service({ name: "mine", hostname: null, spec: { type: "ClusterIP" } }));
        server.put(BINDINGS, binding({ spec: { targetType: "ip" } }));
        server.put(BINDINGS, binding({ service: "mine", labels: {} }));
      },
    });
    await until("there is a snapshot", () => running.snapshots.length > 0);
    const { services, skipped } = running.last();
    assert.equal(services[0]?.service.listeners[0]?.targetGroup.targetType, "ip");
    assert.deepEqual(
      skipped.map(({ name, reason }) => [name, reason]),
      [["mine", "foreign_nlb"]],
    );
  });
});

it("the backends of an NLB that only a file knows are those of the Service of that name", async () => {
  await using running = await run({
    others: [{ namespace: "shop", name: "mine" }],
    prepare: (server) => {
      server.put(SERVICES, service({ name: "mine", hostname: null, spec: { type: "ClusterIP" } }));
      server.put(SLICES, slice("mine", [{ address: "10.0.1.1", node: "n1", zone: "a" }]));
    },
  });
  await until("there is a snapshot", () => running.snapshots.length > 0);
  assert.deepEqual(running.last().backendsOfOthers, new Map([["shop/mine", [{ node: "n1", zone: "a", ready: true }]]]));
});
