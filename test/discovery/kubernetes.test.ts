import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { sendJson } from "./support/api-server.ts";
import { lbcService, service, slice } from "./support/objects.ts";
import { AGENTS, run, SERVICES, SLICES, selectors } from "./support/running-discovery.ts";
import { until } from "./support/waiting.ts";

describe("Kubernetes discovery", () => {
  it("asks for load balancers, and for the slices of those that are internal NLBs, and of its own Service", async () => {
    await using running = await run({
      agentsService: AGENTS,
      prepare: (server) => {
        server.put(SERVICES, lbcService({ name: "web" }));
        server.put(SERVICES, service({ name: "classic", hostname: null }));
        server.put(SLICES, slice("web", [{ address: "10.0.1.1", node: "n1", zone: "a" }]));
        server.put(SLICES, slice("web", [{ address: "10.0.9.9", node: "n9" }], { namespace: "elsewhere" }));
        server.put(SLICES, slice("hairpin-probe", [{ address: "10.0.1.5", node: "n1", zone: "a" }], AGENTS));
      },
    });
    await until("there is a snapshot", () => running.snapshots.length > 0);
    const { services, skipped, nodes } = running.last();
    assert.deepEqual(
      services.map(({ service: found, backends }) => [found.name, backends]),
      [["web", [{ node: "n1", zone: "a", ready: true }]]],
    );
    assert.deepEqual(
      skipped.map(({ name, reason }) => [name, reason]),
      [["classic", "not_nlb"]],
    );
    assert.deepEqual(nodes, [{ node: "n1", zone: "a" }]);
    assert.equal(
      running.server.requests.find(({ path }) => path === SERVICES)?.query.get("fieldSelector"),
      "spec.type=LoadBalancer",
    );
    assert.deepEqual(selectors(running.server), ["kubernetes.io/service-name in (hairpin-probe,web)"]);
  });

  it("tells nothing before everything has been listed, for a half would look like the whole", async () => {
    let release = (): void => {};
    await using running = await run({
      prepare: (server) => {
        server.put(SERVICES, lbcService());
        server.put(SLICES, slice("web", [{ address: "10.0.1.1", node: "n1" }]));
        server.fault = ({ path, kind, response, query }) => {
          if (path !== SLICES || kind === "watch") return false;
          release = () =>
            sendJson(response, 200, {
              metadata: { resourceVersion: "9" },
              items: [slice("web", [{ address: "10.0.1.1", node: "n1" }])],
            });
          return query.has("limit");
        };
      },
    });
    await until(
      "services are watched and slices asked for",
      () => running.server.requests.filter(({ kind }) => kind === "watch").length === 1 && selectors(running.server).length === 1,
    );
    assert.deepEqual([running.snapshots.length, running.discovery.ageMs()], [0, undefined]);
    release();
    await until("there is a snapshot", () => running.snapshots.length > 0);
    assert.deepEqual(running.backends("web"), ["n1"]);
  });

  it("is content without any NLB, and asks for no slices then", async () => {
    await using running = await run({});
    await until("there is a snapshot", () => running.snapshots.length > 0);
    assert.deepEqual(running.last(), { services: [], skipped: [], nodes: [] });
    assert.deepEqual(selectors(running.server), []);
  });

  it("follows pods as they move", async () => {
    await using running = await run({
      prepare: (server) => {
        server.put(SERVICES, lbcService());
        server.put(SLICES, slice("web", [{ address: "10.0.1.1", node: "n1" }]));
      },
    });
    await until("it is on n1", () => running.backends("web")?.[0] === "n1");
    running.server.put(SLICES, slice("web", [{ address: "10.0.1.2", node: "n2" }]));
    await until("it is on n2", () => running.backends("web")?.[0] === "n2");
  });

  it("takes up a new NLB with its backends, and never loses those of the others meanwhile", async () => {
    await using running = await run({
      prepare: (server) => {
        server.put(SERVICES, lbcService());
        server.put(SLICES, slice("web", [{ address: "10.0.1.1", node: "n1" }]));
        server.put(SLICES, slice("api", [{ address: "10.0.1.2", node: "n2" }]));
      },
    });
    await until("web is there", () => running.backends("web") !== undefined);
    running.server.put(SERVICES, lbcService({ name: "api" }));
    await until("api is there", () => running.backends("api") !== undefined);
    for (const { services } of running.snapshots) {
      for (const { service: found, backends } of services) assert.equal(backends.length, 1, `${found.name} without backends`);
    }
    assert.deepEqual(selectors(running.server), [
      "kubernetes.io/service-name in (web)",
      "kubernetes.io/service-name in (api,web)",
    ]);
    await until("only the new selector is watched", () => running.server.openWatches(SLICES) === 1);
    running.server.put(SLICES, slice("api", [{ address: "10.0.1.3", node: "n3" }]));
    await until("the new selector is watched", () => running.backends("api")?.[0] === "n3");
  });

  it("goes on with the slices it has when those of a new NLB cannot be listed, and waits with the new one", async () => {
    await using running = await run({
      prepare: (server) => {
        server.put(SERVICES, lbcService());
        server.put(SLICES, slice("web", [{ address: "10.0.1.1", node: "n1" }]));
      },
    });
    await until("web is there", () => running.backends("web") !== undefined);
    running.server.fault = ({ path, kind, response }) => {
      const refused = path === SLICES && kind === "list";
      if (refused) sendJson(response, 403, { message: "forbidden" });
      return refused;
    };
    running.server.put(SERVICES, lbcService({ name: "api" }));
    await until("the list is refused", () =>
      running.errors.some((error) => error.startsWith("endpointslices: ") && error.includes("403")),
    );
    running.server.put(SLICES, slice("web", [{ address: "10.0.1.2", node: "n2" }]));
    await until("web moves", () => running.backends("web")?.[0] === "n2");
    assert.equal(running.backends("api"), undefined);
    running.server.fault = () => false;
    await until("api is there", () => running.backends("api") !== undefined);
  });

  it("asks for all slices when the names would not fit into a request line", async () => {
    await using running = await run({
      prepare: (server) => {
        for (let i = 0; i < 100; i++)
          server.put(SERVICES, lbcService({ name: `a-service-with-a-name-that-is-fairly-long-${i}` }));
      },
    });
    await until("there is a snapshot", () => running.snapshots.length > 0);
    assert.deepEqual(selectors(running.server), ["kubernetes.io/service-name"]);
    assert.equal(running.last().services.length, 100);
  });
});
