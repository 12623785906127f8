import assert from "node:assert/strict";
import { test } from "node:test";
import type { Control } from "../../src/domain/control.ts";
import { REASONS, type Success } from "../../src/domain/outcome.ts";
import { type AgentDescription, AgentMetrics } from "../../src/metrics/agent-metrics.ts";
import { SERIES_GRACE_MS } from "../../src/metrics/label-sets.ts";
import { MIN_SERIES } from "../../src/metrics/series-budget.ts";
import { AGENT } from "../support/full-page.ts";
import { backend, frontend, HOSTNAME, listener, nlbService, snapshot, targetGroup } from "../support/services.ts";

const SUCCESS: Success = { kind: "success", phases: { connect: 0.0003, first_byte: 0.002 } };

const harness = (maxSeries = 20_000) => {
  const clock = { nowMs: 0 };
  const metrics = new AgentMetrics({ node: "n1", nowMs: () => clock.nowMs, maxSeries });
  /** Samples of one metric, label part and value, without the labels that are the same everywhere. */
  const samples = async (name: string) =>
    (await metrics.registry.render())
      .split("\n")
      .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
      .map((line) => line.slice(name.length).replace(/node="n1",?/, ""));
  return { clock, metrics, samples };
};

const planned = (given: Parameters<typeof frontend>[0] = {}) => {
  const one = frontend(given);
  return { one, discovered: snapshot({ services: [{ service: one.service, backends: [backend("n1", "eu-west-1a")] }] }) };
};

test("attempts and every reason exist at 0 as soon as a frontend is planned", async () => {
  const { metrics, samples } = harness();
  const { one, discovered } = planned();
  metrics.plan(discovered, [one]);
  const where =
    'service_namespace="shop",service_name="web",service_port="80",frontend_zone="eu-west-1a",colocated="false",exposed="unknown",reach="backends"';
  assert.deepEqual(await samples("hairpin_probe_attempts_total"), [`{${where}} 0`]);
  assert.deepEqual(
    await samples("hairpin_probe_failures_total"),
    REASONS.map((reason) => `{${where},reason="${reason}"} 0`),
  );
  assert.equal((await samples("hairpin_probe_connect_duration_seconds_count"))[0]?.endsWith(" 0"), true);
});

test("a failure counts as an attempt and under its reason, and its time is nowhere", async () => {
  const { metrics, samples } = harness();
  const { one, discovered } = planned();
  metrics.plan(discovered, [one]);
  metrics.outcome(one, SUCCESS);
  metrics.outcome(one, { kind: "failure", reason: "connect_timeout", phase: "connect", detail: "", seconds: 3, phases: {} });
  assert.match((await samples("hairpin_probe_attempts_total"))[0] ?? "", / 2$/);
  const failures = await samples("hairpin_probe_failures_total");
  assert.deepEqual(
    failures.filter((line) => !line.endsWith(" 0")).map((line) => /reason="(\w+)"} (\d+)/.exec(line)?.slice(1)),
    [["connect_timeout", "1"]],
  );
  assert.match((await samples("hairpin_probe_connect_duration_seconds_sum"))[0] ?? "", / 0\.0003$/);
});

test("a discarded attempt is counted apart and nowhere else", async () => {
  const { metrics, samples } = harness();
  const { one, discovered } = planned();
  metrics.plan(discovered, [one]);
  metrics.outcome(one, { kind: "discarded", why: "late" });
  assert.deepEqual(await samples("hairpin_probe_discarded_total"), [
    '{why="late"} 1',
    '{why="shutdown"} 0',
    '{why="over_budget"} 0',
    '{why="shortage"} 0',
  ]);
  assert.match((await samples("hairpin_probe_attempts_total"))[0] ?? "", / 0$/);
});

test("a phase that did not run is not observed", async () => {
  const { metrics, samples } = harness();
  const { one, discovered } = planned();
  metrics.plan(discovered, [one]);
  metrics.outcome(one, SUCCESS);
  const counts = await samples("hairpin_probe_phase_duration_seconds_count");
  assert.deepEqual(counts, ['{phase="dns"} 0', '{phase="connect"} 1', '{phase="tls"} 0', '{phase="first_byte"} 1']);
});

test("series of a frontend that went stay five minutes with their counts, then go, and a late outcome does not bring them back", async () => {
  const { clock, metrics, samples } = harness();
  const { one, discovered } = planned({ exposure: 0.5 });
  metrics.plan(discovered, [one]);
  metrics.outcome(one, SUCCESS);
  metrics.plan(snapshot(), []);
  clock.nowMs = SERIES_GRACE_MS - 1;
  assert.match((await samples("hairpin_probe_attempts_total"))[0] ?? "", / 1$/);
  assert.deepEqual(await samples("hairpin_probe_exposure_ratio"), []);
  clock.nowMs = SERIES_GRACE_MS;
  assert.deepEqual(await samples("hairpin_probe_attempts_total"), []);
  metrics.outcome(one, SUCCESS);
  for (const name of ["attempts_total", "failures_total", "connect_duration_seconds_count", "frontends", "service_info"]) {
    assert.deepEqual(await samples(`hairpin_probe_${name}`), [], name);
  }
});

test("a frontend that comes back within the five minutes goes on counting where it stopped", async () => {
  const { clock, metrics, samples } = harness();
  const { one, discovered } = planned();
  metrics.plan(discovered, [one]);
  metrics.outcome(one, SUCCESS);
  metrics.plan(snapshot(), []);
  clock.nowMs = 60_000;
  metrics.plan(discovered, [one]);
  metrics.outcome(one, SUCCESS);
  clock.nowMs = 2 * SERIES_GRACE_MS;
  assert.match((await samples("hairpin_probe_attempts_total"))[0] ?? "", / 2$/);
});

test("backends are exported of each port where they are known, and go with what they were true of", async () => {
  const { metrics, samples } = harness();
  const { one, discovered } = planned({ backends: { ready: 2, unready: 1 } });
  const labels = (port: number, ready: boolean): string =>
    `service_namespace="shop",service_name="web",service_port="${port}",ready="${ready}"`;
  const elsewhere = { ...one, id: "other", zone: "eu-west-1b" };
  const unknown = { ...one, id: "unknown", listener: listener({ port: 81 }), backends: undefined };
  metrics.plan(discovered, [one, elsewhere, unknown]);
  assert.deepEqual(await samples("hairpin_probe_backends"), [`{${labels(80, true)}} 2`, `{${labels(80, false)}} 1`]);
  metrics.plan(discovered, [{ ...one, backends: { ready: 0, unready: 0 } }]);
  assert.deepEqual(await samples("hairpin_probe_backends"), [`{${labels(80, true)}} 0`, `{${labels(80, false)}} 0`]);
  metrics.plan(discovered, [{ ...one, backends: undefined }]);
  assert.deepEqual(await samples("hairpin_probe_backends"), []);
});

test("backends of ports that are added up are those of the one with the most, and unknown if any is", async () => {
  const { metrics, samples } = harness(MIN_SERIES);
  const { one, discovered } = planned({ backends: { ready: 0, unready: 0 } });
  const more = Array.from({ length: 40 }, (_, i) => {
    const service = nlbService({ name: `web-${i}` });
    return { ...one, id: `${i}`, service, backends: { ready: i % 3, unready: i % 2 } };
  });
  const plan = (frontends: readonly (typeof one)[]): void =>
    metrics.plan({ ...discovered, services: frontends.map(({ service }) => ({ service, backends: [] })) }, frontends);
  plan([one, ...more]);
  assert.deepEqual(
    (await samples("hairpin_probe_backends")).map((line) => /service_name="",service_port="",(.*)}(.*)$/.exec(line)?.[0]),
    ['service_name="",service_port="",ready="true"} 2', 'service_name="",service_port="",ready="false"} 1'],
  );
  plan([{ ...one, backends: undefined }, ...more]);
  assert.deepEqual(await samples("hairpin_probe_backends"), []);
});

test("exposure is exported where it is known and absent where it is not", async () => {
  const { metrics, samples } = harness();
  const { one, discovered } = planned({ exposure: 0.5 });
  metrics.plan(discovered, [one, { ...one, id: "other", zone: "eu-west-1b", exposure: undefined }]);
  assert.deepEqual(
    (await samples("hairpin_probe_exposure_ratio")).map((line) => /exposed="(\w+)",reach="backends"} (.*)$/.exec(line)?.slice(1)),
    [["true", "0.5"]],
  );
});

test("attempts that end at an NLB which terminates TLS are told apart by a label, as they cannot fail behind it", async () => {
  const { metrics, samples } = harness();
  const listeners = [
    listener({ port: 443, protocol: "tls", tlsTerminated: true }),
    listener({ port: 8443, protocol: "https", tlsTerminated: true }),
    listener({ port: 8883, protocol: "tls" }),
    listener({ port: 9443, protocol: "tcp", tlsTerminated: true }),
  ];
  const service = nlbService({ listeners });
  const frontends = listeners.map((each) => frontend({ id: String(each.port), service, listener: each }));
  metrics.plan(snapshot({ services: [{ service, backends: [] }] }), frontends);
  const told = (await samples("hairpin_probe_attempts_total")).map((line) =>
    /service_port="(\d+)".*reach="(\w+)"/.exec(line)?.slice(1).join(" "),
  );
  assert.deepEqual(told, ["443 nlb", "8443 backends", "8883 backends", "9443 nlb"]);
});

test("service_info says what the configuration says, and mixed where ports differ", async () => {
  const { metrics, samples } = harness();
  const on = listener();
  const off = listener({
    port: 443,
    targetGroup: targetGroup({ preserveClientIp: { enabled: false, origin: "explicit" } }),
  });
  const { one, discovered } = planned({ service: nlbService({ listeners: [on, off] }) });
  metrics.plan(discovered, [one]);
  assert.deepEqual(await samples("hairpin_probe_service_info"), [
    '{service_namespace="shop",service_name="web",controller="lbc",target_type="instance",preserve_client_ip="mixed",' +
      `preserve_origin="mixed",cross_zone="false",external_traffic_policy="Cluster",hostname="${HOSTNAME}"} 1`,
  ]);
});

test("Services that are seen and not probed are counted by reason", async () => {
  const { metrics, samples } = harness();
  const skipped = { namespace: "shop", name: "old", reason: "not_nlb", detail: "" } as const;
  metrics.plan(snapshot({ skipped: [skipped, { ...skipped, name: "older" }] }), []);
  const counts = await samples("hairpin_probe_services_skipped");
  assert.equal(
    counts.find((line) => line.includes('"not_nlb"')),
    '{reason="not_nlb"} 2',
  );
  assert.equal(
    counts.find((line) => line.includes('"pending"')),
    '{reason="pending"} 0',
  );
});

test("values that are not finite, and counts that would go back, never reach a series", async () => {
  const { metrics, samples } = harness();
  const labels = { node: "n1" };
  metrics.registry.set("hairpin_probe_snapshot_age_seconds", labels, Number.NaN);
  assert.deepEqual(await samples("hairpin_probe_snapshot_age_seconds"), []);
  metrics.discarded("late", Number.NaN);
  metrics.discarded("late", -1);
  assert.equal((await samples("hairpin_probe_discarded_total"))[0], '{why="late"} 0');
});

test("timeouts with evidence are counted by its kind, beside the failure, and from 0", async () => {
  const { metrics, samples } = harness();
  const { one, discovered } = planned();
  metrics.plan(discovered, [one]);
  const hairpins = async () =>
    (await samples("hairpin_probe_hairpins_total")).map((line) => /evidence="(\w+)"} (\d+)/.exec(line)?.slice(1));
  assert.deepEqual(await hairpins(), [
    ["reset", "0"],
    ["capture", "0"],
  ]);
  const timeout = { kind: "failure", reason: "connect_timeout", phase: "connect", detail: "", seconds: 3, phases: {} } as const;
  metrics.outcome(one, { ...timeout, evidence: { kind: "reset" } });
  metrics.outcome(one, { ...timeout, evidence: { kind: "silent" } });
  metrics.outcome(one, { ...timeout, evidence: { kind: "undecided" } });
  metrics.outcome(one, timeout);
  assert.deepEqual(await hairpins(), [
    ["reset", "1"],
    ["capture", "0"],
  ]);
  assert.match((await samples("hairpin_probe_attempts_total"))[0] ?? "", / 4$/);
  assert.deepEqual([metrics.totals().attempts, metrics.totals().failures], [4, 4]);
});

test("what blinds the agent is 0 from the start, and 1 while it does", async () => {
  const { metrics, samples } = harness();
  const proxy = async () => (await samples("hairpin_probe_blinded")).filter((line) => line.includes('by="proxy"'));
  assert.deepEqual(await proxy(), ['{by="proxy"} 0']);
  metrics.blinded("proxy", true);
  assert.deepEqual(await proxy(), ['{by="proxy"} 1']);
  metrics.blinded("proxy", false);
  assert.deepEqual(await proxy(), ['{by="proxy"} 0']);
});

test("attempts past the NLB have counters of their own, which come and go with their Service", async () => {
  const { clock, metrics, samples } = harness();
  const { one, discovered } = planned();
  const control: Control = { id: "c", service: one.service, listener: one.listener, address: "172.20.0.80", port: 80 };
  metrics.plan(discovered, [one], [control]);
  metrics.controlOutcome(control, SUCCESS);
  metrics.controlOutcome(control, {
    kind: "failure",
    reason: "connect_refused",
    phase: "connect",
    detail: "",
    seconds: 0,
    phases: {},
  });
  metrics.controlOutcome(control, { kind: "discarded", why: "late" });
  const where = 'service_namespace="shop",service_name="web",service_port="80"';
  assert.deepEqual(await samples("hairpin_probe_control_attempts_total"), [`{${where}} 2`]);
  const failures = await samples("hairpin_probe_control_failures_total");
  assert.equal(failures.length, REASONS.length);
  assert.ok(failures.includes(`{${where},reason="connect_refused"} 1`));
  assert.match((await samples("hairpin_probe_attempts_total"))[0] ?? "", / 0$/);
  metrics.plan(snapshot(), [], []);
  clock.nowMs = SERIES_GRACE_MS;
  assert.deepEqual(await samples("hairpin_probe_control_attempts_total"), []);
  metrics.controlOutcome(control, SUCCESS);
  assert.deepEqual(await samples("hairpin_probe_control_attempts_total"), [], "what went does not come back");
  assert.deepEqual(await samples("hairpin_probe_hairpins_total"), []);
});

test("what the agent says of itself is as of the scrape, and one series, before the first snapshot, too", async () => {
  const { metrics, samples } = harness();
  let description: AgentDescription = { ...AGENT, zone: undefined, evidenceLevel: "capture" };
  metrics.watchAgent(() => description);
  const rest = 'version="1.2.3",node_version="v26.0.0"';
  const told = `{node_zone="",${rest},evidence_level="capture",discovers_from="kubernetes"} 1`;
  assert.deepEqual(await samples("hairpin_probe_agent_info"), [told]);
  description = { ...AGENT, evidenceLevel: "off", discoversFrom: "file" };
  const later = `{node_zone="eu-west-1a",${rest},evidence_level="off",discovers_from="file"} 1`;
  assert.deepEqual(await samples("hairpin_probe_agent_info"), [later]);
});

test("whether evidence counts is as of the scrape, and is not there where there is none", async () => {
  const { metrics, samples } = harness();
  let isQuiet: boolean | undefined;
  metrics.watchQuiet(() => isQuiet);
  assert.deepEqual(await samples("hairpin_probe_evidence_quiet"), []);
  isQuiet = true;
  assert.deepEqual(await samples("hairpin_probe_evidence_quiet"), ["{} 1"]);
  isQuiet = false;
  assert.deepEqual(await samples("hairpin_probe_evidence_quiet"), ["{} 0"]);
});
