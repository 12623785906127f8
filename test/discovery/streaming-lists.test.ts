import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ManualClock } from "../support/manual-clock.ts";
import { until } from "../support/waiting.ts";
import { line, sendJson } from "./support/api-server.ts";
import { assertNothingIsLost, PATH, run, runToWatch, strike, thing, withObjects } from "./support/running-reflector.ts";

const END = { annotations: { "k8s.io/initial-events-end": "true" } };

describe("a list that comes as a stream", () => {
  it("is one request, and goes on as the watch", async () => {
    await using running = await runToWatch({}, "served");
    assert.deepEqual(running.seen(), { "shop/before": "red", "shop/going": "red" });
    await assertNothingIsLost(running);
    const { server } = running;
    assert.deepEqual([server.count("stream"), server.count("list"), server.count("watch")], [1, 0, 0]);
    const query = server.requests[0]?.query;
    assert.deepEqual(
      ["watch", "sendInitialEvents", "resourceVersionMatch", "allowWatchBookmarks", "resourceVersion"].map((key) =>
        query?.get(key),
      ),
      ["1", "true", "NotOlderThan", "true", null],
    );
  });

  it("is told when it is whole, with what changed meanwhile, and not before", async () => {
    await using running = await run({
      streaming: "served",
      prepare: (server) =>
        strike(server, "stream", 1, ({ response }) => {
          const event = (type: string, name: string, version: string, color?: string) =>
            line(type, { ...thing(name, color), metadata: { namespace: "shop", name, resourceVersion: version } });
          response.writeHead(200);
          response.write(event("ADDED", "a", "1") + event("ADDED", "b", "2") + event("ADDED", "c", "3"));
          response.write(event("DELETED", "b", "4") + event("MODIFIED", "c", "5", "blue"));
          setTimeout(() => response.write(line("BOOKMARK", { metadata: { resourceVersion: "9", ...END } })), 50);
          setTimeout(() => response.end(event("ADDED", "d", "10")), 60);
        }),
    });
    await until("it watches on", () => running.server.count("watch") === 1);
    assert.equal(running.server.requests.at(-1)?.query.get("resourceVersion"), "10");
    assert.deepEqual(running.seen(), { "shop/a": "red", "shop/c": "blue", "shop/d": "red" });
    assert.equal(running.changes(), 2);
  });

  it("that is cut leaves the objects as they were, and is asked for again", async () => {
    await using running = await runToWatch({}, "served");
    const { server } = running;
    let struck = 0;
    server.fault = ({ kind, response }) => {
      if (kind === "watch") sendJson(response, 410, { code: 410, reason: "Expired" });
      else if (kind === "stream" && struck++ === 0) response.writeHead(200).end(line("ADDED", thing("stranger")));
      else return false;
      return true;
    };
    server.endWatches("reset");
    await until("the stream is taken again", () => server.count("stream") === 3 && server.openWatches(PATH) === 1);
    assert.ok(running.errors.some((error) => error.includes("before the list was complete")));
    server.fault = () => false;
    await assertNothingIsLost(running);
    assert.equal(server.count("list"), 0);
  });

  it("that is cut again and again is asked for in pages", async () => {
    await using running = await run({
      streaming: "served",
      prepare: (server) => {
        withObjects(server);
        strike(server, "stream", 2, ({ response }) => response.writeHead(200).end(line("ADDED", thing("stranger"))));
      },
    });
    await until("it is listed", () => running.changes() === 1);
    assert.deepEqual([running.server.count("stream"), running.server.count("list")], [2, 1]);
  });
});

it("a watch that began as a list may be quiet for as long as any other", async () => {
  const clock = new ManualClock();
  await using running = await runToWatch({ streamSilenceMs: 40, idleMs: 5_000 }, "served", clock);
  clock.advance(4_999);
  running.server.put(PATH, thing("new"));
  await until("it is still watched", () => "shop/new" in running.seen());
  assert.deepEqual([running.server.count("stream"), running.server.count("list"), running.errors], [1, 0, []]);
});

for (const streaming of ["served", "refused"] as const) {
  it(`what did not change is not read again when lists come as ${streaming === "served" ? "streams" : "pages"}`, async () => {
    await using running = await runToWatch({}, streaming);
    const { server } = running;
    assert.equal(running.parses(), 2);
    server.put(PATH, thing("going", "blue"));
    await until("the change is seen", () => running.seen()["shop/going"] === "blue");
    server.put(PATH, thing("new"));
    server.compact();
    server.endWatches("reset");
    await until("it has listed anew", () => "shop/new" in running.seen());
    assert.deepEqual(running.seen(), { "shop/before": "red", "shop/going": "blue", "shop/new": "red" });
    assert.equal(running.parses(), 4);
  });
}

describe("a server that does not send lists as streams", () => {
  it("and refuses is asked for pages at once, which is no error", async () => {
    await using running = await runToWatch({}, "refused");
    assert.deepEqual([running.server.count("stream"), running.server.count("list"), running.errors], [1, 1, []]);
  });

  it("and sends everything without an end is asked for pages after a while of silence", async () => {
    const clock = new ManualClock();
    const timing = { streamSilenceMs: 50 };
    await using running = await run({ prepare: withObjects, timing, streaming: "ignored", clock });
    await until("everything has come", () => running.parses() === 2);
    clock.advance(50);
    await until("it is listed and watched", () => {
      clock.advance(0);
      return running.changes() === 1 && running.server.openWatches(PATH) === 1;
    });
    assert.deepEqual([running.server.count("stream"), running.server.count("list"), running.errors], [1, 1, []]);
    await assertNothingIsLost(running);
  });

  it("and sends a bookmark of the other kind is asked for pages at once", async () => {
    await using running = await run({
      timing: { streamSilenceMs: 60_000, idleMs: 60_000 },
      streaming: "served",
      prepare: (server) => {
        withObjects(server);
        strike(server, "stream", 1, ({ response }) =>
          response.writeHead(200).write(line("ADDED", thing("x")) + line("BOOKMARK", { metadata: { resourceVersion: "7" } })),
        );
      },
    });
    await until("it is listed", () => running.changes() === 1);
    assert.deepEqual(running.seen(), { "shop/before": "red", "shop/going": "red" });
    assert.deepEqual(running.errors, []);
  });

  it("is asked for streams again after a while: control planes are upgraded", async () => {
    await using running = await runToWatch({ pagesForMs: 20 }, "refused");
    const { server } = running;
    const [streams, lists] = [server.count("stream"), server.count("list")];
    await sleep(25);
    server.streaming = "served";
    server.put(PATH, thing("before"));
    server.compact();
    server.endWatches("reset");
    await until("it streams", () => server.count("stream") === streams + 1 && server.openWatches(PATH) === 1);
    assert.equal(server.count("list"), lists);
  });
});

describe("a version that is too old", () => {
  it("is too old for every agent, so they list anew at different times", async () => {
    const waits: number[] = [];
    for (const random of [0.25, 0.75]) {
      await using running = await run({ prepare: withObjects, timing: { relistJitterMs: 400, backoffBaseMs: 1 }, random });
      const { server } = running;
      await until("the watch is open", () => server.openWatches(PATH) === 1);
      server.put(PATH, thing("before"));
      server.compact();
      // Before it is refused: a wait that is seen to begin late looks shorter than it is.
      const endedMs = performance.now();
      server.endWatches("reset");
      await until("it lists anew", () => server.count("list") === 2);
      assert.ok(running.errors.some((error) => error.includes("410")));
      waits.push(performance.now() - endedMs);
    }
    const [early = 0, late = 0] = waits;
    assert.ok(early >= 95 && late >= 295, waits.join(" and "));
  });
});

it("Retry-After may be a date, on the clock of who wrote it", async () => {
  await using running = await runToWatch({ retryAfterMaxMs: 200 });
  let refusedMs = 0;
  strike(running.server, "watch", 1, ({ response }) => {
    refusedMs = performance.now();
    const date = (offsetS: number) => new Date(Date.UTC(2001, 0, 1) + offsetS * 1000).toUTCString();
    sendJson(response, 503, { message: "busy" }, { date: date(0), "retry-after": date(3600) });
  });
  running.server.endWatches("cleanly");
  await until("it was refused and asked again", () => running.server.count("watch") === 3);
  assert.ok(performance.now() - refusedMs >= 200);
});
