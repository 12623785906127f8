import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { relistAgentsAfterMs } from "../../src/discovery/agents-relist.ts";
import { SliceWatch } from "../../src/discovery/slice-watch.ts";
import { systemClock } from "../../src/schedule/system-clock.ts";
import { until } from "../support/waiting.ts";
import { ApiServer } from "./support/api-server.ts";
import { parseEndpointSlice, slice } from "./support/objects.ts";
import { SLICES } from "./support/running-discovery.ts";
import { PATH, run, strike, thing } from "./support/running-reflector.ts";

describe("objects that are listed now and then", () => {
  for (const streaming of ["refused", "served"] as const) {
    it(`are not watched, and are as they are in the end (lists as streams: ${streaming})`, async () => {
      await using running = await run({
        streaming,
        relistAfterMs: () => 50,
        prepare: (server) => server.put(PATH, thing("a")),
      });
      await until("the list is told", () => "shop/a" in running.seen());
      for (const color of ["green", "blue", "white"]) running.server.put(PATH, thing("a", color));
      running.server.put(PATH, thing("b"));
      await until("the next list has all of it", () => running.seen()["shop/a"] === "white" && "shop/b" in running.seen());
      running.server.delete(PATH, "shop", "a");
      await until("what is gone goes", () => !("shop/a" in running.seen()));
      const followed = running.server.requests.filter(({ kind, query }) => kind === "watch" && !query.has("sendInitialEvents"));
      assert.deepEqual(followed, []);
      assert.deepEqual(running.errors, []);
    });
  }

  it("are watched once they are few, and listed again once they are many", async () => {
    await using running = await run({
      relistAfterMs: (objects) => (objects.size > 2 ? 50 : undefined),
      prepare: (server) => {
        for (const name of ["a", "b", "c"]) server.put(PATH, thing(name));
      },
    });
    await until("the list is told", () => "shop/c" in running.seen());
    running.server.delete(PATH, "shop", "c");
    await until("it watches", () => running.server.count("watch") > 0);
    running.server.put(PATH, thing("d"));
    await until("the event arrives", () => "shop/d" in running.seen());
  });

  it("are asked for again soon after a list that failed", async () => {
    await using running = await run({ relistAfterMs: () => 60_000, prepare: (server) => server.put(PATH, thing("a")) });
    await until("the list is told", () => "shop/a" in running.seen());
    assert.equal(running.server.count("list"), 1);
    await using failing = await run({
      relistAfterMs: () => 60_000,
      prepare: (server) => {
        server.put(PATH, thing("a"));
        strike(server, "list", 2, ({ response }) => void response.writeHead(500).end());
      },
    });
    await until("the third list is told", () => "shop/a" in failing.seen());
    assert.ok(failing.server.count("list") >= 3);
  });

  it("are not stale as long as the next list is not due", async () => {
    await using running = await run({ relistAfterMs: () => 60_000, prepare: (server) => server.put(PATH, thing("a")) });
    await until("the list is told", () => "shop/a" in running.seen());
    const before = running.reflector.lastContactMs() ?? 0;
    await until("time passes", () => (running.reflector.lastContactMs() ?? 0) > before + 20);
  });
});

it("the agents' own slices are watched while they are few; then the time between lists grows along with them", () => {
  const slices = (agents: number) =>
    Array.from({ length: Math.ceil(agents / 100) }, (_, i) =>
      parseEndpointSlice(
        slice(
          "hairpin-probe",
          Array.from({ length: Math.min(100, agents - 100 * i) }, (__, k) => ({ address: `10.${i}.0.${k}`, node: `n${i}-${k}` })),
        ),
      ),
    );
  assert.deepEqual(
    [1, 300, 301, 1_000, 5_000, 10_000].map((agents) => relistAgentsAfterMs(slices(agents))),
    [undefined, undefined, 60_000, 100_000, 500_000, 600_000],
  );
});

it("the agents' own slices have a selector of their own, so that those behind NLBs are watched however many agents there are", async () => {
  await using server = await ApiServer.start();
  const agents = Array.from({ length: 301 }, (_, i) => ({ address: `10.0.${i >> 8}.${i & 255}`, node: `n${i}`, zone: "a" }));
  // So that lists and watches are told apart.
  server.streaming = "refused";
  server.put(SLICES, slice("hairpin-probe", agents));
  server.put(SLICES, slice("web", [{ address: "10.9.1.1", node: "n1" }]));
  const controller = new AbortController();
  const api = server.api();
  const options = { timing: {}, onChange: () => {}, onError: () => {}, onFault: (error: unknown) => assert.fail(String(error)) };
  const watch = new SliceWatch({
    api,
    agentsService: "hairpin-probe",
    clock: systemClock,
    random: Math.random,
    signal: controller.signal,
    ...options,
  });
  try {
    watch.want(new Set(["web", "hairpin-probe"]));
    await until("both are listed", () => watch.isListed("web") && watch.isListed("hairpin-probe"));
    const watched = () => server.requests.filter(({ kind, query }) => kind === "watch" && !query.has("sendInitialEvents"));
    await until("one is watched", () => watched().length > 0);
    assert.deepEqual(
      [...new Set(watched().map(({ query }) => query.get("labelSelector")))],
      ["kubernetes.io/service-name in (web)"],
    );
  } finally {
    controller.abort();
    await watch.ended();
    await api.close();
  }
});
