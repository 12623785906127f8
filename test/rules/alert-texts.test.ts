/** What a reader of an alert is told: templates are only text until somebody renders them. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { groupsIn, RULE_FILES } from "../../scripts/rule-files.ts";
import { notChecked } from "../support/not-checked.ts";
import { NO_PROMTOOL } from "../support/promtool.ts";
import { says } from "./firing-alerts.ts";
import { TWO_AT_ONCE, ZONAL } from "./modes.ts";
import type { Scenario } from "./simulated-cluster.ts";

const SERVICE = { service_namespace: "shop", service_name: "web" };
const NODES = ["node-0", "node-1", "node-2"];
const base = { mode: ZONAL, nodes: 3, minutes: 60, scrapeEvery: 2 } as const;
const fixed = { ...base, preserves: () => false, saysPreserve: () => true } as const;

interface Case {
  readonly alert: string;
  /** Tells apart several cases of an alert. */
  readonly when?: string;
  readonly scenario: Scenario;
  /** By the labels of each alert, what it says. */
  readonly said: readonly (readonly [labels: Readonly<Record<string, string>>, description: string])[];
}

const ofEachNode = (text: (node: string) => string) => NODES.map((node) => [{ node }, text(node)] as const);

const CASES: readonly Case[] = [
  {
    alert: "HairpinTimeouts",
    scenario: base,
    said: [
      [
        SERVICE,
        "1080 connections to shop/web timed out within an hour because the NLB sent them back to the node they came from. Clients on that Service's target nodes see random connect timeouts.",
      ],
    ],
  },
  {
    alert: "HairpinTimeoutsSuspected",
    scenario: { ...base, evidence: "off" },
    said: [
      [
        SERVICE,
        "Connections to shop/web time out where configuration and topology make a hairpin possible, and not elsewhere. The kernel's counters gave no evidence for it.",
      ],
    ],
  },
  {
    alert: "HairpinPossible",
    scenario: fixed,
    said: [
      [
        SERVICE,
        "Up to 100% of fresh connections from a node to a frontend of shop/web can hairpin. Nobody need have noticed yet.",
      ],
    ],
  },
  {
    alert: "InternalNLBUnreachable",
    scenario: { ...fixed, drops: ({ service, zone }) => (service === "web" && zone === "zone-a" ? 1 : 0) },
    said: [
      [
        { ...SERVICE, service_port: "80", frontend_zone: "zone-a" },
        "100% of connections to shop/web port 80, zone zone-a, fail, from all nodes together, and nothing shows that they hairpin.",
      ],
    ],
  },
  {
    alert: "InternalNLBTimeouts",
    scenario: {
      ...fixed,
      minutes: 120,
      drops: ({ service, zone, minute }) => (service === "web" && zone === "zone-a" && minute % 4 === 0 ? 1 : 0),
    },
    said: [
      [
        { ...SERVICE, service_port: "80", frontend_zone: "zone-a" },
        "53.33% of connections to shop/web port 80, zone zone-a, have timed out in the last half hour, and it goes on. Nothing shows that they hairpin.",
      ],
    ],
  },
  {
    alert: "InternalNLBWithoutBackends",
    scenario: { ...fixed, minutes: 80, hosts: 0 },
    said: [
      [
        { ...SERVICE, service_port: "80" },
        "shop/web port 80 has had no backend for an hour, neither ready nor unready. Nothing is meant to answer there, and no other alert speaks of it.",
      ],
    ],
  },
  {
    alert: "InternalNLBPacketLoss",
    scenario: { ...fixed, slow: ({ service, minute }) => (service === "web" && minute % 4 === 0 ? 0.25 : 0) },
    said: [
      [
        SERVICE,
        "12.57% of successful connections to shop/web needed a second SYN. That is packet loss, and no hairpin: a hairpin never succeeds.",
      ],
    ],
  },
  {
    alert: "FixNotEffective",
    scenario: { ...base, preserves: () => true, saysPreserve: (minute) => minute < 10 },
    said: [
      [
        SERVICE,
        "180 connections to shop/web hairpinned within 10 minutes, although its configuration has said for longer that client IP preservation is off. The annotation did not reach the target group.",
      ],
    ],
  },
  {
    alert: "HairpinProbeAbsent",
    scenario: { ...base, isPresent: (_, minute) => minute < 10 },
    said: [[{}, "Prometheus has no metrics of any agent. Nothing is known about connections through internal NLBs."]],
  },
  {
    alert: "HairpinProbeAgentsMissing",
    scenario: { ...base, missingAgents: 2 },
    said: [
      [
        { namespace: "hairpin-probe", daemonset: "hairpin-probe" },
        "2 nodes have no agent that is ready. What their pods see is not known.",
      ],
    ],
  },
  {
    alert: "HairpinProbeNoAttempts",
    scenario: { ...base, isIdle: true },
    said: ofEachNode((node) => `The agent on ${node} has made no attempt for 15 minutes. Its silence is not health.`),
  },
  {
    alert: "HairpinProbeBlinded",
    when: "of a proxy",
    scenario: { ...fixed, blindedBy: "proxy" },
    said: NODES.map((node) => [
      { node, by: "proxy" },
      `A proxy in the pod of the agent on ${node} answers its connections: what it counts says nothing about the network.`,
    ]),
  },
  {
    alert: "HairpinProbeBlinded",
    when: "of a firewall",
    scenario: { ...fixed, blindedBy: "invalid_drop" },
    said: NODES.map((node) => [
      { node, by: "invalid_drop" },
      `The stray answers of hairpins do not reach the agent on ${node}: it counts timeouts, and cannot prove hairpins.`,
    ]),
  },
  {
    alert: "HairpinProbeStaleDiscovery",
    scenario: { ...base, snapshotAge: 5_400 },
    said: ofEachNode(
      (node) =>
        `The agent on ${node} last heard from the API server 1h 30m 0s ago. It goes on with what it knows; Services that came since are not probed.`,
    ),
  },
  {
    alert: "HairpinProbeStaleDiscovery",
    when: "from the start",
    scenario: { ...base, snapshotAge: "never" },
    said: ofEachNode(
      (node) =>
        `The agent on ${node} has not heard from the API server since it started. It probes nothing but what is in a file.`,
    ),
  },
  {
    alert: "HairpinProbeLateAttempts",
    scenario: { ...base, discarded: { why: "late", perMinute: 12 } },
    said: ofEachNode((node) => `The agent on ${node} discards 14.29% of its attempts because it was late for them.`),
  },
  {
    alert: "HairpinProbeOverBudget",
    scenario: { ...base, rateNeeded: 240 },
    said: ofEachNode(
      (node) =>
        `The agent on ${node} attempts some Services less often than the interval says, or leaves attempts out: what it is to probe takes more attempts a second, or in flight, than its settings, or its host's files and ports, allow.`,
    ),
  },
  {
    alert: "HairpinProbeSeriesBudget",
    scenario: { ...base, seriesNeeded: 20_001 },
    said: ofEachNode(
      (node) =>
        `The agent on ${node} would need 20001 series to tell everything apart. Ports, zones and, where that is not enough, Services are added up.`,
    ),
  },
];

suite("what alerts say", TWO_AT_ONCE, () => {
  for (const { alert, when, scenario, said } of CASES) {
    test(`what ${alert} says${when === undefined ? "" : ` ${when}`}`, async (t) => {
      if (!(await says(scenario, alert, said))) notChecked(t, NO_PROMTOOL);
    });
  }
});

test("the text of every alert is looked at", () => {
  const alerts = RULE_FILES.flatMap(groupsIn).flatMap(({ rules }) => rules.flatMap(({ alert }) => alert ?? []));
  assert.deepEqual([...new Set(CASES.map(({ alert }) => alert))].sort(), alerts.sort());
});
