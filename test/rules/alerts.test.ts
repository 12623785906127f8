import { type TestContext, test } from "node:test";
import { NO_PROMTOOL } from "../support/promtool.ts";
import { firesJust } from "./firing-alerts.ts";
import type { Mode, Scenario } from "./simulated-cluster.ts";

const MODES: readonly (readonly [name: string, mode: Mode])[] = [
  ["instance targets, Cluster, zonal", { targetType: "instance", externalTrafficPolicy: "Cluster", crossZone: false }],
  ["instance targets, Cluster, cross-zone", { targetType: "instance", externalTrafficPolicy: "Cluster", crossZone: true }],
  ["instance targets, Local, zonal", { targetType: "instance", externalTrafficPolicy: "Local", crossZone: false }],
  ["instance targets, Local, cross-zone", { targetType: "instance", externalTrafficPolicy: "Local", crossZone: true }],
  ["ip targets, zonal", { targetType: "ip", externalTrafficPolicy: "Cluster", crossZone: false }],
  ["ip targets, cross-zone", { targetType: "ip", externalTrafficPolicy: "Cluster", crossZone: true }],
];
const [ZONAL, CROSS_ZONE, , LOCAL_CROSS_ZONE] = MODES.map(([, mode]) => mode) as [Mode, Mode, Mode, Mode];
const POSSIBLE = "HairpinPossible";

const check = (t: TestContext, scenario: Scenario, alerts: readonly string[]): void => {
  if (!firesJust(scenario, alerts)) t.diagnostic(NO_PROMTOOL);
};

for (const nodes of [3, 30, 300]) {
  // promtool takes a second for 50,000 samples.
  const size = nodes === 300 ? { nodes, scrapeEvery: 2, isAlone: true } : { nodes };
  for (const [name, mode] of MODES) {
    test(`hairpins with evidence alert within ten minutes: ${name}, ${nodes} nodes`, (t) => {
      check(t, { ...size, mode, minutes: 10 }, ["HairpinTimeouts"]);
    });

    test(`hairpins without evidence are suspected within an hour: ${name}, ${nodes} nodes`, (t) => {
      check(t, { ...size, mode, minutes: 60, evidence: false }, [POSSIBLE, "HairpinTimeoutsSuspected"]);
    });
  }
}

/** The configuration allows hairpins, and none happens: what goes wrong is something else. */
const fixed = { preserves: () => false, saysPreserve: () => true, minutes: 80, nodes: 30, scrapeEvery: 2 } as const;
const ZONE_A_DOWN = ({ service, zone }: { service: string; zone: string }) => (service === "web" && zone === "zone-a" ? 1 : 0);

for (const [name, mode] of [
  ["zonal", ZONAL],
  ["cross-zone", CROSS_ZONE],
] as const) {
  const silent = (
    what: string,
    scenario: Omit<Scenario, "mode" | "nodes" | "minutes"> & { readonly nodes?: number },
    also: readonly string[] = [],
  ) => {
    test(`no hairpin alert, ${name}: ${what}`, (t) => check(t, { ...fixed, mode, ...scenario }, [POSSIBLE, ...also].sort()));
  };
  silent("all is well", {});
  silent("one sick node", { drops: ({ node }) => (node === 3 ? 0.3 : 0), controlDrops: ({ node }) => (node === 3 ? 0.3 : 0) });
  silent("one node that reaches no NLB", { drops: ({ node }) => (node === 3 ? 1 : 0) });
  silent("one sick Service", {
    drops: ({ service }) => (service === "web" ? 0.08 : 0),
    controlDrops: ({ service }) => (service === "web" ? 0.08 : 0),
  });
  silent("a zone whose frontend drops everything", { drops: ZONE_A_DOWN }, ["InternalNLBUnreachable"]);
  silent("the same with three nodes, where hairpins would be as many", { nodes: 3, drops: ZONE_A_DOWN }, [
    "InternalNLBUnreachable",
  ]);
  silent("a burst of timeouts where exposed", {
    drops: ({ service, minute }) => (service === "web" && minute >= 40 && minute < 44 ? 0.5 : 0),
  });
  silent("a rollout of all agents", { generation: (node, minute) => (minute > 30 + node ? 1 : 0) });
  silent("an agent that restarts every ten minutes", {
    generation: (node, minute) => (node === 1 ? Math.floor(minute / 10) : 0),
  });
  silent("a scale-down to a third", { isPresent: (node, minute) => minute < 40 || node < 10 });
}
test("no hairpin alert without anything to compare with: all exposed, no evidence, no control", (t) => {
  check(t, { mode: CROSS_ZONE, nodes: 30, minutes: 60, evidence: false, control: false }, [POSSIBLE]);
});
test("no hairpin alert where all is exposed and nothing answers", (t) => {
  const scenario = {
    ...fixed,
    mode: CROSS_ZONE,
    nodes: 2,
    zones: 1,
    drops: ({ service }: { service: string }) => (service === "web" ? 1 : 0),
  };
  check(t, scenario, [POSSIBLE, "InternalNLBUnreachable"]);
});

test("no hairpin alert where the few nodes with a backend are exposed, and one of them is sick", (t) => {
  const drops = ({ node }: { readonly node: number }) => (node === 3 ? 0.3 : 0);
  check(t, { ...fixed, mode: LOCAL_CROSS_ZONE, drops, controlDrops: drops }, [POSSIBLE]);
});
test("no hairpin alert where evidence convicts one timeout in fifty by mistake", (t) => {
  check(t, { ...fixed, mode: ZONAL, drops: ZONE_A_DOWN, mistaken: 0.02 }, [POSSIBLE, "InternalNLBUnreachable"]);
});

test("client IP preservation is off: no alert at all", (t) => {
  check(t, { mode: ZONAL, nodes: 30, minutes: 60, preserves: () => false }, []);
});
test("client IP preservation was turned off and that helped: nobody says that it did not", (t) => {
  check(t, { mode: ZONAL, nodes: 30, minutes: 60, preserves: (minute) => minute < 30 }, [POSSIBLE, "HairpinTimeouts"]);
});
test("hairpins that were suspected and are cured are not suspected an hour longer", (t) => {
  const scenario: Scenario = {
    mode: ZONAL,
    nodes: 30,
    minutes: 95,
    evidence: false,
    preserves: (minute) => minute < 40,
    saysPreserve: () => true,
    scrapeEvery: 2,
  };
  if (!firesJust(scenario, [POSSIBLE], "at the end")) t.diagnostic(NO_PROMTOOL);
});
test("the annotation says off, and hairpins go on", (t) => {
  const scenario: Scenario = {
    mode: ZONAL,
    nodes: 30,
    minutes: 60,
    preserves: () => true,
    saysPreserve: (minute) => minute < 10,
  };
  check(t, scenario, ["FixNotEffective", "HairpinTimeouts"]);
});
test("lost SYNs are packet loss, and no hairpin", (t) => {
  check(t, { ...fixed, mode: ZONAL, slow: ({ service }) => (service === "web" ? 0.03 : 0) }, [POSSIBLE, "InternalNLBPacketLoss"]);
});
test("lost SYNs on one node are the node's", (t) => {
  check(t, { ...fixed, mode: ZONAL, slow: ({ node }) => (node === 3 ? 0.3 : 0) }, [POSSIBLE]);
});

test("agents that attempt nothing, work with an old view, are late or over budget say so", (t) => {
  const base = { ...fixed, mode: ZONAL, nodes: 3 };
  check(t, { ...base, isIdle: true }, [POSSIBLE, "HairpinProbeNoAttempts"].sort());
  check(t, { ...base, snapshotAge: 900 }, [POSSIBLE, "HairpinProbeStaleDiscovery"].sort());
  check(t, { ...base, discarded: { why: "late", perMinute: 8 } }, ["HairpinProbeLateAttempts", POSSIBLE].sort());
  for (const why of ["over_budget", "shortage"] as const)
    check(t, { ...base, discarded: { why, perMinute: 1 } }, ["HairpinProbeOverBudget", POSSIBLE].sort());
  check(t, { ...base, rateNeeded: 240 }, ["HairpinProbeOverBudget", POSSIBLE].sort());
  check(t, { ...base, seriesNeeded: 20_001 }, [POSSIBLE, "HairpinProbeSeriesBudget"].sort());
});
test("agents that are not ready on their nodes are missed", (t) => {
  check(t, { ...fixed, mode: ZONAL, nodes: 3, missingAgents: 1 }, ["HairpinProbeAgentsMissing", POSSIBLE]);
});
test("no agent at all says so", (t) => {
  check(t, { ...fixed, mode: ZONAL, nodes: 3, isPresent: (_, minute) => minute < 40 }, ["HairpinProbeAbsent", POSSIBLE]);
});
