import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { until } from "../support/waiting.ts";
import { sendJson } from "./support/api-server.ts";
import { PATH, run, runToWatch, strike, thing, withObjects } from "./support/running-reflector.ts";

const SOON = { unavailableMs: 20 };

describe("an optional resource", () => {
  for (const [status, why] of [
    [404, "missing"],
    [403, "forbidden"],
  ] as const) {
    it(`that is answered with ${status} is ${why}: told once, no error, and asked for again until it is there`, async () => {
      await using running = await run({
        optional: true,
        timing: SOON,
        prepare: (server) => {
          withObjects(server);
          strike(server, "list", 3, ({ response }) => sendJson(response, status, { message: "no" }));
        },
      });
      await until("it is empty at first", () => running.changes() > 0);
      assert.deepEqual(running.seen(), {});
      await until("its objects are told", () => "shop/before" in running.seen());
      assert.deepEqual([running.states, running.errors], [[why, "watched"], []]);
    });
  }

  it("that goes takes its objects with it, and comes back with them", async () => {
    await using running = await run({ optional: true, timing: SOON, prepare: withObjects });
    await until("the watch is open", () => running.server.count("watch") === 1);
    let gone = true;
    running.server.fault = ({ response }) => {
      if (gone) sendJson(response, 404, { message: "the server could not find the requested resource" });
      return gone;
    };
    running.server.endWatches("cleanly");
    await until("it is empty", () => Object.keys(running.seen()).length === 0);
    gone = false;
    await until("it is back", () => "shop/before" in running.seen());
    assert.deepEqual(running.states, ["watched", "missing", "watched"]);
  });

  it("that is in trouble is an error like any other", async () => {
    await using running = await run({
      optional: true,
      prepare: (server) => {
        withObjects(server);
        strike(server, "list", 1, ({ response }) => sendJson(response, 500, { message: "no" }));
      },
    });
    await until("its objects are told", () => "shop/before" in running.seen());
    assert.deepEqual([running.states, running.errors.length], [["watched"], 1]);
  });
});

it("a resource that is not optional and forbidden is an error", async () => {
  await using running = await run({
    prepare: (server) => strike(server, "list", 1, ({ response }) => sendJson(response, 403, { message: "no" })),
  });
  await until("it was listed in the end", () => running.changes() > 0);
  assert.match(running.errors[0] ?? "", /status 403/);
});

it("an object of no interest takes no room, and takes the place of what it was before", async () => {
  await using running = await runToWatch();
  running.server.put(PATH, thing("before", "dull"));
  running.server.put(PATH, thing("bright", "blue"));
  await until("both changes are seen", () => "shop/bright" in running.seen());
  assert.deepEqual(running.seen(), { "shop/going": "red", "shop/bright": "blue" });
  assert.deepEqual(running.errors, []);
});
