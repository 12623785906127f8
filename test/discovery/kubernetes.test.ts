import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { until } from "../support/waiting.ts";
import { type FakeRequest, sendJson } from "./support/api-server.ts";
import { lbcService, service, slice } from "./support/objects.ts";
import { AGENTS, run, SERVICES, SLICES, selectors } from "./support/running-discovery.ts";

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
    assert.deepEqual(nodes, [{ node: "n1", zone: "a", hasAgent: true }]);
    assert.equal(
      running.server.requests.find(({ path }) => path === SERVICES)?.query.get("fieldSelector"),
      "spec.type!=ExternalName",
    );
    assert.deepEqual(selectors(running.server), [
      "kubernetes.io/service-name in (web)",
      "kubernetes.io/service-name in (hairpin-probe)",
    ]);
  });

  it("tells nothing before everything has been listed, for a half would look like the whole", async () => {
    const held: FakeRequest[] = [];
    await using running = await run({
      prepare: (server) => {
        server.put(SERVICES, lbcService());
        server.put(SLICES, slice("web", [{ address: "10.0.1.1", node: "n1" }]));
        server.fault = (request) => request.path === SLICES && request.kind === "stream" && held.push(request) > 0;
      },
    });
    await until("services are listed and slices asked for", () => held.length === 1);
    assert.deepEqual([running.snapshots.length, running.discovery.ageMs()], [0, undefined]);
    running.server.fault = () => false;
    held[0]?.reset();
    await until("there is a snapshot", () => running.snapshots.length > 0);
    assert.deepEqual(running.backends("web"), ["n1"]);
  });

  it("is content without any NLB, and asks for no slices then", async () => {
    await using running = await run({});
    await until("there is a snapshot", () => running.snapshots.length > 0);
    assert.deepEqual(running.last(), { services: [], skipped: [], nodes: [], backendsOfOthers: new Map() });
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
    assert.deepEqual(selectors(running.server), ["kubernetes.io/service-name in (web)", "kubernetes.io/service-name in (api)"]);
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
      const refused = path === SLICES && kind !== "watch";
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

  it("asks for the slices of many Services with several selectors, and for all when it would take too many", async () => {
    const names = (count: number) =>
      Array.from({ length: count }, (_, i) => `a-service-with-a-name-that-is-fairly-long-${String(i).padStart(4, "0")}`);
    for (const [count, expected] of [
      [100, 2],
      [900, 1],
    ] as const) {
      await using running = await run({
        prepare: (server) => {
          for (const name of names(count)) {
            server.put(SERVICES, lbcService({ name }));
            server.put(SLICES, slice(name, [{ address: "10.0.1.1", node: "n1" }]));
          }
          server.put(SLICES, slice("nobodys", [{ address: "10.0.1.1", node: "n1" }]));
        },
      });
      await until("there is a snapshot", () => running.snapshots.length > 0);
      const asked = selectors(running.server);
      assert.equal(asked.length, expected);
      for (const selector of asked) assert.ok((selector ?? "").length <= 4096);
      assert.deepEqual(
        running.last().services.map(({ service: found, backends }) => [found.name, backends.length]),
        names(count).map((name) => [name, 1]),
      );
    }
  });

  it("packs its selectors anew when there are too many, and loses nothing meanwhile", async () => {
    await using running = await run({ prepare: (server) => server.put(SERVICES, lbcService({ name: "web-0" })) });
    for (let i = 0; i < 10; i++) {
      const name = `web-${i}`;
      running.server.put(SERVICES, lbcService({ name }));
      running.server.put(SLICES, slice(name, [{ address: "10.0.1.1", node: `n${i}` }]));
      await until(`${name} is there`, () => running.backends(name)?.[0] === `n${i}`);
    }
    assert.equal(selectors(running.server).at(8)?.split(",").length, 9);
    await until("the old ones have ended", () => running.server.openWatches(SLICES) === 2);
    for (let i = 0; i < 9; i++) assert.deepEqual(running.backends(`web-${i}`), [`n${i}`]);
    for (const { services } of running.snapshots.slice(-3)) assert.ok(services.length >= 9);
  });
});
