/**
 * An API server that is away for long. Minutes are those of a clock that the test moves: what is tested is what discovery does in
 * them, and it does nothing by any other clock.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import { REFLECTOR_TIMING } from "../../src/discovery/api/reflector-timing.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { until } from "../support/waiting.ts";
import { type Fault, sendJson } from "./support/api-server.ts";
import { lbcService, slice } from "./support/objects.ts";
import { run, SERVICES, SLICES } from "./support/running-discovery.ts";

const STEP_MS = 500;
/** Turns of the event loop for what a step has begun: a connect, a request and its answer take some six of them here. */
const SETTLE_TURNS = 20;
const AWAY_MS = 10 * 60_000;
/** Services and the slices of one selector: of the optional resources it is told that there are none. */
const RESOURCES = 2;

const outages: readonly (readonly [string, Fault])[] = [
  [
    "resets every connection",
    ({ reset }) => {
      reset();
      return true;
    },
  ],
  [
    "answers everything with 429 and a Retry-After of one second",
    ({ response }) => {
      sendJson(response, 429, { kind: "Status", code: 429, reason: "TooManyRequests" }, { "retry-after": "1" });
      return true;
    },
  ],
  [
    "answers everything with HTML",
    ({ response }) => {
      response.writeHead(200, { "content-type": "text/html" }).end("<html>Bad Gateway</html>");
      return true;
    },
  ],
  // Half open: it takes the request, and nobody is there any more.
  ["takes connections and never answers", () => true],
];

async function runAndSettle() {
  const clock = new ManualClock();
  const running = await run({
    clock,
    timing: REFLECTOR_TIMING,
    prepare: (server) => {
      server.put(SERVICES, lbcService());
      server.put(SLICES, slice("web", [{ address: "10.0.1.1", node: "n1" }]));
    },
  });
  /** Lets the clock run for so long. */
  const pass = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += STEP_MS) {
      clock.advance(STEP_MS);
      for (let turn = 0; turn < SETTLE_TURNS; turn++) await nextTurn();
    }
  };
  for (let i = 0; i < 1_000 && running.backends("web")?.length !== 1; i++) await pass(STEP_MS);
  await pass(2_000);
  return { ...running, running, clock, pass };
}

describe("an API server that is away for ten minutes", () => {
  for (const [name, outage] of outages) {
    it(`and ${name}: the last word stands, it is asked seldom, and all that changed meanwhile is there half a minute after it is back`, async () => {
      const { running, server, backends, discovery, pass } = await runAndSettle();
      await using _ = running;
      assert.deepEqual(backends("web"), ["n1"]);
      const told = running.last();
      server.fault = outage;
      server.endWatches("reset");
      const askedBefore = server.requests.length;
      await pass(AWAY_MS);
      assert.deepEqual(running.last(), told);
      const ageMs = discovery.ageMs() ?? 0;
      assert.ok(ageMs >= AWAY_MS - 1_000 && ageMs <= AWAY_MS + 20_000, `${ageMs} ms old`);
      const asked = server.requests.filter(({ path }, i) => i >= askedBefore && [SERVICES, SLICES].includes(path)).length;
      // The longest wait is drawn from its upper half; before it come those that double.
      const most = RESOURCES * (8 + AWAY_MS / (REFLECTOR_TIMING.backoffMaxMs / 2));
      assert.ok(asked >= RESOURCES * 5 && asked <= most, `asked ${asked} times, at most ${most}`);

      server.put(SLICES, slice("web", [{ address: "10.0.1.2", node: "n2" }]));
      server.put(SERVICES, lbcService({ name: "new" }));
      server.fault = () => false;
      // What was never answered is given up after a minute, and asked for anew.
      const idleMs = name.includes("never answers") ? REFLECTOR_TIMING.idleMs : 0;
      await pass(REFLECTOR_TIMING.backoffMaxMs + idleMs + 2_000);
      await until("what changed is there", () => backends("web")?.[0] === "n2" && backends("new") !== undefined);
      assert.ok((discovery.ageMs() ?? 0) < 60_000);
    });
  }
});

it("an API server that comes and goes, many times a second, never makes a Service look gone, and loses nothing", async () => {
  await using running = await run({
    prepare: (server) => {
      server.put(SERVICES, lbcService());
      server.put(SLICES, slice("web", [{ address: "10.0.1.0", node: "n0" }]));
    },
  });
  const { server, snapshots, backends } = running;
  await until("there is a snapshot", () => snapshots.length > 0);
  for (let i = 1; i <= 40; i++) {
    const isAway = i % 2 === 1;
    server.fault = ({ reset }) => {
      if (isAway) reset();
      return isAway;
    };
    if (isAway) server.endWatches(i % 4 === 1 ? "reset" : "cleanly");
    if (i % 8 === 0) server.compact();
    server.put(SLICES, slice("web", [{ address: `10.0.1.${i}`, node: `n${i}` }]));
    await sleep(25);
  }
  await until("the last change is there", () => backends("web")?.[0] === "n40");
  for (const { services } of snapshots) assert.deepEqual([services.length, services[0]?.backends.length], [1, 1]);
});
