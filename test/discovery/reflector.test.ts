import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { systemClock } from "../../src/schedule/system-clock.ts";
import { PATIENCE_MS, until } from "../support/waiting.ts";
import { type ApiServer, type FakeObject, line, sendJson } from "./support/api-server.ts";
import { assertNothingIsLost, PATH, run, runToWatch, strike, thing, withObjects } from "./support/running-reflector.ts";

/** Longer than a test waits for anything. */
const LONG_MS = 10 * PATIENCE_MS;

describe("Reflector", () => {
  it("lists page by page and tells the objects only when all pages are there", async () => {
    await using running = await run({
      pageSize: 2,
      prepare: (server) => {
        for (const name of ["a", "b", "c", "d", "e"]) server.put(PATH, thing(name));
      },
    });
    await until("the list is told", () => running.changes() > 0);
    assert.deepEqual(Object.keys(running.seen()).sort(), ["shop/a", "shop/b", "shop/c", "shop/d", "shop/e"]);
    assert.equal(running.changes(), 1);
    assert.deepEqual(
      running.server.requests
        .filter(({ kind }) => kind === "list")
        .map(({ query }) => [query.get("limit"), query.get("continue")]),
      [
        ["2", null],
        ["2", "2"],
        ["2", "4"],
      ],
    );
  });

  it("watches from the version of the list, with bookmarks and an end within the range it was given", async () => {
    await using running = await runToWatch({ watchSeconds: [30, 45] });
    const query = running.server.requests.find(({ kind }) => kind === "watch")?.query;
    assert.equal(query?.get("resourceVersion"), "3");
    assert.equal(query?.get("allowWatchBookmarks"), "true");
    const seconds = Number(query?.get("timeoutSeconds"));
    assert.ok(seconds >= 30 && seconds <= 45, `${seconds} s`);
  });

  it("resumes from the last version, a bookmark's included, without a new list", async () => {
    await using running = await runToWatch();
    const openedMs = running.reflector.lastContactMs() ?? 0;
    running.server.send(line("BOOKMARK", { metadata: { resourceVersion: "77" } }));
    await until("the bookmark is read", () => (running.reflector.lastContactMs() ?? 0) > openedMs);
    running.server.endWatches("reset");
    await until("it watches again", () => running.server.count("watch") === 2);
    assert.equal(running.server.requests.at(-1)?.query.get("resourceVersion"), "77");
    assert.equal(running.server.count("list"), 1);
  });

  it("gives up a connection on which nothing comes, and loses nothing", async () => {
    await using running = await runToWatch({ idleMs: 60 });
    strike(running.server, "watch", 1, ({ response }) => void response.writeHead(200).flushHeaders());
    running.server.endWatches("cleanly");
    await until("the silent watch was given up", () => running.errors.includes("nothing was heard for 60 ms"));
    await assertNothingIsLost(running);
  });

  it("gives up a list that hangs", async () => {
    await using running = await run({
      timing: { idleMs: 50 },
      prepare: (server) => {
        withObjects(server);
        strike(server, "list", 1, () => {});
      },
    });
    await until("the list is told", () => running.changes() > 0);
    // On a busy machine the next one may take as long.
    assert.deepEqual([...new Set(running.errors)], ["nothing was heard for 50 ms"]);
  });

  it("keeps the objects it has while lists fail", async () => {
    await using running = await runToWatch();
    running.server.fault = ({ kind, response }) => {
      sendJson(response, kind === "watch" ? 410 : 500, { message: "no" });
      return true;
    };
    running.server.endWatches("reset");
    await until("lists have failed", () => running.errors.filter((error) => error.includes("status 500")).length >= 2);
    assert.deepEqual(running.seen(), { "shop/before": "red", "shop/going": "red" });
    running.server.fault = () => false;
    await assertNothingIsLost(running);
  });

  it("does not take an answer without items for an empty list", async () => {
    await using running = await runToWatch();
    running.server.fault = ({ kind, response }) => {
      sendJson(response, kind === "watch" ? 410 : 200, { metadata: { resourceVersion: "5" } });
      return true;
    };
    running.server.endWatches("reset");
    await until("the answer is refused", () => running.errors.some((error) => error.includes("items: got nothing")));
    assert.deepEqual(running.seen(), { "shop/before": "red", "shop/going": "red" });
  });

  it("waits as long as Retry-After says, within its own bound", async () => {
    await using running = await runToWatch({ retryAfterMaxMs: 300 });
    const refusedAt: number[] = [];
    strike(running.server, "watch", 1, ({ response }) => {
      refusedAt.push(performance.now());
      sendJson(response, 429, { message: "busy" }, { "retry-after": "3600" });
    });
    running.server.endWatches("cleanly");
    await until("it was refused and asked again", () => refusedAt.length === 1 && running.server.count("watch") === 3);
    assert.ok(performance.now() - (refusedAt[0] ?? 0) >= 300);
  });

  it("leaves an object that does not parse out, reports it once, and takes the others", async () => {
    const broken: FakeObject = { metadata: { namespace: "shop", name: "broken" }, color: 7 };
    await using running = await run({
      prepare: (server) => {
        withObjects(server);
        server.put(PATH, broken);
      },
    });
    await until("the watch is open", () => running.server.count("watch") === 1);
    running.server.put(PATH, broken);
    running.server.send(line("ADDED", { metadata: {} }));
    await assertNothingIsLost(running);
    assert.deepEqual(running.errors, [
      "shop/broken is left out: color: expected text",
      "? is left out: an object without a name",
    ]);
  });

  it("drops an object whose new state does not parse: what is not known is not there", async () => {
    await using running = await runToWatch();
    running.server.put(PATH, { metadata: { namespace: "shop", name: "before" } });
    await until("it is gone", () => !("shop/before" in running.seen()));
    running.server.put(PATH, thing("before", "new"));
    await until("it is back", () => running.seen()["shop/before"] === "new");
  });

  it("ends at once when it is told to, in a watch, in a list that hangs, and while it waits", async () => {
    const hangs = (server: ApiServer): void => strike(server, "list", 1, () => {});
    const refuses = (server: ApiServer): void => strike(server, "list", 1, ({ response }) => sendJson(response, 500, {}));
    for (const prepare of [withObjects, hangs, refuses]) {
      const timing = { backoffBaseMs: LONG_MS, backoffMaxMs: LONG_MS, idleMs: LONG_MS };
      await using running = await run({ prepare, timing });
      await until("it is under way", () => running.server.count("watch") === 1 || running.server.count("list") === 1);
      await until("it has come to rest", () => prepare !== refuses || running.errors.length === 1);
      let hasEnded = false;
      const stopping = running.stop().then(() => {
        hasEnded = true;
      });
      await until("it has ended, before its time is over", () => hasEnded);
      await stopping;
    }
  });

  it("tells when the server last gave a sign of life, and not when it did not", async () => {
    await using running = await run({ prepare: (server) => strike(server, "list", 1, ({ reset }) => reset()) });
    assert.equal(running.reflector.lastContactMs(), undefined);
    await until("the watch is open", () => running.server.count("watch") === 1);
    const listedMs = running.reflector.lastContactMs() ?? 0;
    running.server.fault = ({ reset }) => {
      reset();
      return true;
    };
    await until("time has passed", () => systemClock.nowMs() > listedMs + 20);
    running.server.put(PATH, thing("new"));
    await until("an event counts", () => "shop/new" in running.seen());
    assert.ok((running.reflector.lastContactMs() ?? 0) > listedMs + 20);
    const lastMs = running.reflector.lastContactMs();
    running.server.endWatches("reset");
    await until("watches fail", () => running.errors.length > 3);
    assert.equal(running.reflector.lastContactMs(), lastMs);
  });

  it("waits longer after each watch that ends as soon as it opened, and is not thrown back by them", async () => {
    await using running = await run({ prepare: withObjects, timing: { backoffBaseMs: 20, backoffMaxMs: 80, healthyMs: 10_000 } });
    running.server.fault = ({ kind, response }) => {
      if (kind === "watch") response.writeHead(200).end();
      return kind === "watch";
    };
    const startedAt = performance.now();
    await until("it has asked ten times", () => running.server.count("watch") === 10);
    // Nine waits of at least half of 20, 40 and then 80 ms.
    assert.ok(performance.now() - startedAt >= 10 + 20 + 7 * 40);
    assert.equal(running.server.count("list"), 1);
  });
});
