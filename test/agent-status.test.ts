import assert from "node:assert/strict";
import { test } from "node:test";
import { buildStatus, type StatusParts } from "../src/agent-status.ts";
import { History } from "../src/diagnosis/history.ts";
import type { Control } from "../src/domain/control.ts";
import { statusOf } from "./status-page/statuses.ts";
import { frontend, listener, nlbService } from "./support/services.ts";

const partsOf = (given: Partial<StatusParts>): StatusParts => ({
  at: new Date(0),
  clockMs: () => 0,
  nowMs: 1_000_000,
  agent: statusOf().agent,
  frontends: [],
  controls: [],
  history: new History({ intervalMs: 10_000, timeoutMs: 3_000 }),
  lastFailures: [],
  skipped: [],
  ...given,
});

test("one entry for each Service port, its frontends by zone, its control beside them", async () => {
  const listeners = [listener({ port: 9_000 }), listener({ port: 80 })];
  const service = nlbService({ listeners });
  const frontends = listeners.flatMap((one) =>
    ["eu-west-1b", "eu-west-1a", undefined].map((zone, i) =>
      frontend({ id: `${one.port} ${zone}`, service, listener: one, zone, address: `10.0.32.${i}`, exposure: 0.5 }),
    ),
  );
  const control: Control = { id: "c", service, listener: listeners[1] ?? listener(), address: "fd00::80", port: 80 };
  const history = new History({ intervalMs: 10_000, timeoutMs: 3_000 });
  history.plan(frontends, [control]);
  history.noteControl(control, { kind: "success", phases: {} }, 900_000);
  const { services, skippedTotal } = await buildStatus(partsOf({ frontends, controls: [control], history }));
  assert.deepEqual(
    services.map(({ port, control: past }) => [port, past?.address, past?.attempts]),
    [
      [80, "[fd00::80]:80", 1],
      [9_000, undefined, undefined],
    ],
  );
  assert.deepEqual(
    services[0]?.frontends.map(({ zone }) => zone),
    ["eu-west-1a", "eu-west-1b", null],
  );
  assert.equal(services[0]?.frontends[0]?.diagnosis.cause, "undecided");
  assert.equal(skippedTotal, 0);
});

test("behind a proxy in the agent's own pod no frontend is called healthy, nor anything else", async () => {
  const one = frontend({ exposure: 0 });
  const history = new History({ intervalMs: 10_000, timeoutMs: 3_000 });
  history.plan([one], []);
  for (let i = 0; i < 100; i++) history.note(one, { kind: "success", phases: { connect: 0.001 } }, 900_000 + i);
  const { agent } = statusOf();
  const causeWith = async (blindSpots: StatusParts["agent"]["blindSpots"]) => {
    const { services } = await buildStatus(partsOf({ frontends: [one], history, agent: { ...agent, blindSpots } }));
    return services[0]?.frontends[0]?.diagnosis;
  };
  assert.equal((await causeWith([]))?.cause, "healthy");
  const behind = await causeWith([{ by: "proxy", detail: "A connection to 10.0.35.1:80 was answered in this very pod." }]);
  assert.deepEqual([behind?.cause, behind?.confidence], ["undecided", "low"]);
  assert.match(behind?.explanation ?? "", /sidecar.* 10\.0\.35\.1:80/);
});

test("what is not probed is listed up to a bound, and counted beyond it", async () => {
  const skipped = Array.from({ length: 1_000 }, (_, i) => ({
    namespace: "shop",
    name: `s${i}`,
    reason: "not_nlb" as const,
    detail: "",
  }));
  const status = await buildStatus(partsOf({ skipped }));
  assert.deepEqual([status.skipped.length, status.skippedTotal], [200, 1_000]);
});

test("thousands of frontends hold the loop for no longer than attempts can bear", async () => {
  const frontends = Array.from({ length: 3_000 }, (_, i) => {
    const service = nlbService({ name: `s${i % 1_000}` });
    return frontend({ id: String(i), service, address: `10.0.${i >> 8}.${i % 256}`, zone: `z${i % 3}` });
  });
  const history = new History({ intervalMs: 10_000, timeoutMs: 3_000 });
  history.plan(frontends, []);
  // Each Service takes a millisecond.
  let [nowMs, turns, atOnce, mostAtOnce] = [0, 0, 0, 0];
  const clockMs = () => {
    mostAtOnce = Math.max(mostAtOnce, ++atOnce);
    return nowMs++;
  };
  let isOver = false;
  const tick = (): void => {
    atOnce = 0;
    turns++;
    if (!isOver) setImmediate(tick);
  };
  tick();
  const { services } = await buildStatus(partsOf({ clockMs, frontends, history }));
  isOver = true;
  assert.equal(services.length, 1_000);
  assert.ok(mostAtOnce <= 2 * 5, `${mostAtOnce} Services between two turns`);
  assert.ok(turns >= 1_000 / 5, `${turns} turns`);
});
