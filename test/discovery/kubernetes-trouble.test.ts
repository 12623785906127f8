import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate } from "node:timers/promises";
import { systemClock } from "../../src/schedule/system-clock.ts";
import { until } from "../support/waiting.ts";
import { lbcService, slice } from "./support/objects.ts";
import { run, SERVICES, SLICES } from "./support/running-discovery.ts";

describe("Kubernetes discovery in trouble", () => {
  it("tells a burst of changes in few snapshots, the last of which is whole", async () => {
    await using running = await run({ prepare: (server) => server.put(SERVICES, lbcService()) });
    await until("there is a snapshot", () => running.snapshots.length > 0);
    const startedMs = systemClock.nowMs();
    for (let i = 0; i < 300; i++) {
      running.server.put(SLICES, slice("web", [{ address: `10.0.1.${i % 200}`, node: `n${i}` }]));
      // Lets each change arrive on its own.
      await setImmediate();
    }
    await until("the last change is there", () => running.backends("web")?.[0] === "n299");
    const allowed = 2 + (systemClock.nowMs() - startedMs) / 100;
    assert.ok(running.snapshots.length <= 1 + allowed, `${running.snapshots.length} snapshots`);
  });

  it("keeps its last word when the API server goes away, and its age grows", async () => {
    await using running = await run({ prepare: (server) => server.put(SERVICES, lbcService()) });
    await until("there is a snapshot", () => running.snapshots.length > 0);
    running.server.fault = ({ reset }) => {
      reset();
      return true;
    };
    running.server.endWatches("reset");
    await until("its age grows", () => (running.discovery.ageMs() ?? 0) > 60);
    assert.equal(running.snapshots.length, 1);
    const backMs = systemClock.nowMs();
    running.server.fault = () => false;
    await until("it is young again", () => systemClock.nowMs() - (running.discovery.ageMs() ?? Infinity) > backMs);
  });

  it("is as old as the staler of its two resources", async () => {
    await using running = await run({
      prepare: (server) => {
        server.put(SERVICES, lbcService());
        server.put(SLICES, slice("web", []));
      },
    });
    await until("there is a snapshot", () => running.snapshots.length > 0);
    running.server.fault = ({ path, reset }) => {
      if (path === SLICES) reset();
      return path === SLICES;
    };
    running.server.endWatches("reset");
    await until("its age grows though Services are watched", () => {
      running.server.put(SERVICES, lbcService());
      return (running.discovery.ageMs() ?? 0) > 60;
    });
  });

  it("reports an object that cannot be read by its resource, and takes the others", async () => {
    await using running = await run({
      prepare: (server) => {
        server.put(SERVICES, lbcService());
        server.put(SERVICES, lbcService({ name: "odd", ports: [{ port: "80" }] }));
      },
    });
    await until("there is a snapshot", () => running.snapshots.length > 0);
    assert.deepEqual(running.errors, [
      'services: shop/odd is left out: Service: spec.ports[0].port: got "80", expected a port from 1 to 65535',
    ]);
    assert.deepEqual(running.backends("web"), []);
  });

  it("ends when it is told to, and with the error of a callback that threw", async () => {
    const ended = await run({ prepare: (server) => server.put(SERVICES, lbcService()) });
    await until("there is a snapshot", () => ended.snapshots.length > 0);
    ended.controller.abort();
    await ended.discovery.done;
    await ended[Symbol.asyncDispose]();

    await using faulty = await run({
      onSnapshot: () => {
        throw new Error("a fault of the program");
      },
    });
    await assert.rejects(faulty.discovery.done, /a fault of the program/);
  });
});
