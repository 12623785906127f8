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

test("a TLS listener that does not say HTTP is measured to the NLB, and no success of it is healthy", async () => {
  const service = nlbService({ listeners: [listener({ port: 443, protocol: "tls", tlsTerminated: true })] });
  const one = frontend({ service, exposure: 0.5 });
  const history = new History({ intervalMs: 1_000, timeoutMs: 3_000 });
  history.plan([one], []);
  for (let i = 0; i < 100; i++) history.note(one, { kind: "success", phases: { connect: 0.0003, tls: 0.002 } }, 800_000 + i);
  const { services } = await buildStatus(partsOf({ frontends: [one], history }));
  const [frontends] = services.map((port) => port.frontends);
  assert.deepEqual([services[0]?.reach, frontends?.[0]?.window.attempts], ["nlb", 100]);
  assert.equal(frontends?.[0]?.diagnosis.cause, "unmeasured");
  assert.match(frontends?.[0]?.diagnosis.next ?? "", /hairpin-probe\/protocol: "443=https"/);
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

test("backends are certainly down only while something else answers; a pod that reaches nothing cannot tell", async () => {
  const [down, other] = [nlbService({ name: "down" }), nlbService({ name: "other" })];
  const frontends = [down, other].map((service) => frontend({ id: service.name, service, exposure: 0 }));
  const [failing, well] = frontends;
  assert.ok(failing !== undefined && well !== undefined);
  const control: Control = { id: "c", service: down, listener: failing.listener, address: "172.20.0.1", port: 80 };
  const timeout = { kind: "failure", reason: "connect_timeout", phase: "connect", detail: "", seconds: 3, phases: {} } as const;
  const diagnosisWhere = async (isAnswered: boolean) => {
    const history = new History({ intervalMs: 10_000, timeoutMs: 3_000 });
    history.plan(frontends, [control]);
    for (let i = 0; i < 20; i++) {
      history.note(failing, { ...timeout, evidence: { kind: "silent" } }, 100_000 + i * 10_000);
      history.noteControl(control, timeout, 105_000 + i * 10_000);
      // Before it failed it was fine there, too.
      history.note(well, isAnswered || i === 0 ? { kind: "success", phases: {} } : timeout, 95_000 + i * 10_000);
    }
    const { services } = await buildStatus(partsOf({ frontends, controls: [control], history }));
    return services.find(({ name }) => name === "down")?.frontends[0]?.diagnosis;
  };
  const [reached, cutOff] = [await diagnosisWhere(true), await diagnosisWhere(false)];
  assert.deepEqual([reached?.cause, reached?.confidence], ["backend_down", "high"]);
  assert.deepEqual([cutOff?.cause, cutOff?.confidence], ["backend_down", "low"]);
  assert.match(cutOff?.explanation ?? "", /a fault of this pod's own network would look the same/);
});
