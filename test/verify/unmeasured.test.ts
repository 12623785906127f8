/** Ports whose attempts end at an NLB that terminates TLS: that nothing times out there is no fix. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Sample } from "../../src/domain/exposition.ts";
import { observeBetween } from "../../src/verify/agents/observe.ts";
import type { Reading } from "../../src/verify/agents/reading.ts";
import { judge } from "../../src/verify/judge.ts";
import type { Observation } from "../../src/verify/observation.ts";
import type { PrometheusClient, Series } from "../../src/verify/prometheus/client.ts";
import { readObservation } from "../../src/verify/prometheus/read.ts";
import { observe } from "./observations.ts";

const SERVICE = { namespace: "shop", name: "web" };
const NODES = ["n1", "n2", "n3"];
const CONFIGURATION = {
  hostname: "web.elb.eu-west-1.amazonaws.com",
  target_type: "instance",
  preserve_client_ip: "true",
  preserve_origin: "default",
  cross_zone: "false",
  external_traffic_policy: "Cluster",
};

/** Three agents of one zone that each made so many attempts at a port, none of which failed. */
function pageOf(attempts: Readonly<Record<string, number>>, reach: string): Reading {
  const service = { service_namespace: SERVICE.namespace, service_name: SERVICE.name };
  const samplesOf = (node: string): readonly Sample[] => [
    ...Object.entries(attempts).map(([port, value]) => {
      const path = { node, ...service, service_port: port, frontend_zone: "a", colocated: "true", exposed: "true" };
      return { name: "hairpin_probe_attempts_total", labels: { ...path, reach: port === "443" ? reach : "backends" }, value };
    }),
    { name: "hairpin_probe_service_info", labels: { node, ...service, ...CONFIGURATION }, value: 1 },
    { name: "hairpin_probe_agent_info", labels: { node, node_zone: "a" }, value: 1 },
  ];
  return { atMs: 0, pages: new Map(NODES.map((node) => [node, { samples: samplesOf(node) }])), problems: [] };
}

const seen = (attempts: Readonly<Record<string, number>>, reach = "nlb"): Observation => {
  const first = pageOf(Object.fromEntries(Object.keys(attempts).map((port) => [port, 0])), reach);
  const last = { ...pageOf(attempts, reach), atMs: 600_000 };
  return observeBetween(SERVICE, { first, timeoutsFrom: first, attemptsUntil: last, last, answered: new Map() });
};

const NOTHING: Observation = { ...observe({}), strata: [], coverage: new Map(), configurations: [] };

test("a port at which attempts end at the NLB is never fixed, whatever was counted before; the same port measured would be", () => {
  for (const before of [NOTHING, { ...observe({}), strata: observe({}).strata.map((each) => ({ ...each, port: "443" })) }]) {
    const { verdict, because, isFinal } = judge({ ...before, coverage: new Map() }, seen({ "443": 600 }));
    assert.deepEqual([verdict, isFinal], ["inconclusive", true]);
    assert.match(because.join(" "), /^Attempts at port 443 end at the NLB, .*hairpin-probe\/protocol: "PORT=https"/);
  }
  assert.equal(judge(NOTHING, seen({ "443": 600 }, "backends")).verdict, "fixed");
});

test("beside ports that are measured it is left out, and said to be", () => {
  const after = seen({ "80": 600, "443": 9_000 });
  assert.deepEqual([...new Set(after.strata.map(({ port }) => port))], ["80"]);
  const { verdict, because, arms } = judge(NOTHING, after);
  assert.deepEqual([verdict, arms.exposed.after.attempts], ["fixed", 1_800]);
  assert.match(because.join(" "), /port 443 end at the NLB.* They are not part of this\./);
});

test("agents that do not tell how far attempts get count as they did", () => {
  const [first, last] = [pageOf({ "443": 0 }, ""), { ...pageOf({ "443": 600 }, ""), atMs: 600_000 }];
  const { strata } = observeBetween(SERVICE, { first, timeoutsFrom: first, attemptsUntil: last, last, answered: new Map() });
  assert.equal(strata.length, NODES.length);
});

test("from Prometheus, too", async () => {
  const client = {
    query: async (text: string): Promise<readonly Series[]> => {
      if (!text.includes("attempts_total") || text.includes("control")) return [];
      assert.match(text, /sum by \([^)]*\breach\b/);
      const labels = { node: "n1", frontend_zone: "a", colocated: "true", exposed: "true" };
      return [
        { labels: { ...labels, service_port: "443", reach: "nlb" }, points: [{ atMs: 0, value: 500 }] },
        { labels: { ...labels, service_port: "80", reach: "backends" }, points: [{ atMs: 0, value: 100 }] },
        { labels: { ...labels, service_port: "8883", reach: "nlb" }, points: [{ atMs: 0, value: 0 }] },
      ];
    },
  } as unknown as PrometheusClient;
  const subject = { ...SERVICE, cluster: undefined };
  const { strata, unmeasuredPorts } = await readObservation(client, subject, { startMs: 0, endMs: 60_000 }, 0);
  assert.deepEqual([strata.map(({ port }) => port), unmeasuredPorts], [["80"], ["443"]]);
});
