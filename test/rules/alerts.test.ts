import { suite, test } from "node:test";
import { inOwnSandbox } from "../../lab/runner/own-sandbox.ts";
import { notChecked } from "../support/not-checked.ts";
import { NO_PROMTOOL } from "../support/promtool.ts";
import { isNightly } from "../support/run-environment.ts";
import { firesJust } from "./firing-alerts.ts";
import { CROSS_ZONE, check, factorsOfMode, isAllExposed, MODES, POSSIBLE, TWO_AT_ONCE, ZONAL, zonalOrNot } from "./modes.ts";
import { pairwise } from "./pairwise.ts";
import type { Mode, Path, Scenario } from "./simulated-cluster.ts";

const SIZES = [3, 30, 300];
// promtool takes a second for 50,000 samples.
const aThird = ({ service }: Path): number => (service === "web" ? 1 / 3 : 0);
const sized = (nodes: number) => ({ nodes, isAlone: nodes >= 30, isThinned: nodes >= 300, scrapeEvery: nodes >= 300 ? 2 : 1 });
/** The configuration allows hairpins, and none happens. */
const fixed = { mode: ZONAL, preserves: () => false, saysPreserve: () => true, minutes: 80, scrapeEvery: 2 } as const;
const three = { ...fixed, nodes: 3 } as const;

const FEW_OF_MANY: readonly (readonly [name: string, mode: Mode, nodes: number])[] = [
  ["zonal", ZONAL, 5_000],
  ["zonal", ZONAL, 1_000],
  ["cross-zone", CROSS_ZONE, 5_000],
  ["cross-zone", CROSS_ZONE, 1_000],
];
/** What alerts in every mode. */
const EVERYWHERE = MODES.flatMap(([name, mode]) => {
  const hour = { mode, minutes: 60, scrapeEvery: 2 } as const;
  const suspected = [POSSIBLE, "HairpinTimeoutsSuspected"];
  const row = (what: string, nodes: number, scenario: Omit<Scenario, "nodes">, alerts: readonly string[]) => {
    const title = `${what}: ${name}, ${nodes} nodes`;
    return { title, what, mode, nodes, scenario: { nodes, ...scenario }, alerts };
  };
  return [
    ...SIZES.flatMap((nodes) => [
      row("hairpins with evidence alert within ten minutes", nodes, { ...sized(nodes), mode, minutes: 10 }, ["HairpinTimeouts"]),
      row(
        "hairpins without evidence are suspected within an hour",
        nodes,
        { ...sized(nodes), ...hour, evidence: "off" },
        suspected,
      ),
    ]),
    row(
      "hairpins behind a TLS listener are suspected although evidence is on",
      30,
      { ...hour, isAlone: true, isTls: true },
      suspected,
    ),
    ...[3, 30].flatMap((nodes) => {
      const hours = { ...sized(nodes), mode, minutes: 120, scrapeEvery: 2 } as const;
      const lost = { ...hours, preserves: () => false, saysPreserve: () => true, drops: aThird };
      return [
        row("a third of connections that is lost for hours, not by hairpins, alerts", nodes, lost, [
          POSSIBLE,
          "InternalNLBTimeouts",
        ]),
        row("hairpins that go on for hours alert as what they are, half of them proved", nodes, { ...hours, recall: 0.5 }, [
          POSSIBLE,
          "HairpinTimeouts",
        ]),
        row("hairpins that go on for hours without evidence are suspected", nodes, { ...hours, evidence: "off" }, suspected),
      ];
    }),
    ...[3, 30].map((nodes) => {
      const alerts = isAllExposed(mode, nodes) ? [POSSIBLE] : suspected;
      return row(
        "hairpins in silence are suspected just where there is a contrast",
        nodes,
        { ...hour, isAlone: true, isTranslated: true },
        alerts,
      );
    }),
  ];
});
const factorsOf = ({ what, mode, nodes }: (typeof EVERYWHERE)[number]): readonly string[] => [
  what,
  ...factorsOfMode(mode),
  String(nodes),
];

await inOwnSandbox(import.meta.filename, () => {
  suite("what alerts", TWO_AT_ONCE, () => {
    for (const { title, scenario, alerts } of isNightly ? EVERYWHERE : pairwise(EVERYWHERE, factorsOf))
      test(title, (t) => check(t, scenario, alerts));

    for (const [name, mode] of [
      ["zonal", ZONAL],
      ["cross-zone", CROSS_ZONE],
    ] as const) {
      test(`hairpins are suspected beside ports that are measured only as far as the NLB: ${name}`, (t) => {
        const scenario: Scenario = { mode, nodes: 3, minutes: 60, isAlone: true, scrapeEvery: 2, evidence: "off", portsToNlb: 8 };
        return check(t, scenario, [POSSIBLE, "HairpinTimeoutsSuspected"]);
      });
    }
    test("client IP preservation is off: no alert at all", (t) => {
      return check(t, { mode: ZONAL, nodes: 30, minutes: 60, scrapeEvery: 2, preserves: () => false }, []);
    });
    test("client IP preservation was turned off and that helped: nobody says that it did not", (t) => {
      const preserves = (minute: number) => minute < 30;
      return check(t, { mode: ZONAL, nodes: 30, minutes: 60, scrapeEvery: 2, preserves }, [POSSIBLE, "HairpinTimeouts"]);
    });
    test("hairpins that were suspected and are cured are not suspected an hour longer", async (t) => {
      const scenario: Scenario = {
        mode: ZONAL,
        nodes: 30,
        minutes: 95,
        evidence: "off",
        preserves: (minute) => minute < 40,
        saysPreserve: () => true,
        scrapeEvery: 2,
      };
      if (!(await firesJust(scenario, [POSSIBLE], "at the end"))) notChecked(t, NO_PROMTOOL);
    });
    for (const nodes of [3, 30, 300]) {
      test(`the annotation says off, and hairpins go on: ${nodes} nodes`, (t) => {
        const scenario: Scenario = {
          mode: ZONAL,
          nodes,
          minutes: 40,
          isAlone: true,
          isThinned: nodes >= 300,
          scrapeEvery: 2,
          preserves: () => true,
          saysPreserve: (minute) => minute < 10,
        };
        return check(t, scenario, ["FixNotEffective", "HairpinTimeouts"]);
      });
    }

    test("lost SYNs are packet loss, and no hairpin", (t) => {
      const slow = ({ service }: { readonly service: string }) => (service === "web" ? 0.03 : 0);
      return check(t, { ...fixed, nodes: 30, slow }, [POSSIBLE, "InternalNLBPacketLoss"]);
    });
    test("lost SYNs on one node are the node's", (t) => {
      return check(t, { ...fixed, nodes: 30, slow: ({ node }) => (node === 3 ? 0.3 : 0) }, [POSSIBLE]);
    });

    test("agents that attempt nothing, are blinded, work with an old view, are late or over budget say so", async (t) => {
      await check(t, { ...three, isIdle: true }, [POSSIBLE, "HairpinProbeNoAttempts"].sort());
      await check(t, { ...three, blindedBy: "proxy" }, [POSSIBLE, "HairpinProbeBlinded"].sort());
      await check(t, { ...three, snapshotAge: 900 }, [POSSIBLE, "HairpinProbeStaleDiscovery"].sort());
      await check(t, { ...three, discarded: { why: "late", perMinute: 8 } }, ["HairpinProbeLateAttempts", POSSIBLE].sort());
      for (const why of ["over_budget", "shortage"] as const)
        await check(t, { ...three, discarded: { why, perMinute: 1 } }, ["HairpinProbeOverBudget", POSSIBLE].sort());
      await check(t, { ...three, rateNeeded: 240 }, ["HairpinProbeOverBudget", POSSIBLE].sort());
      await check(t, { ...three, seriesNeeded: 20_001 }, [POSSIBLE, "HairpinProbeSeriesBudget"].sort());
    });
    test("agents that never heard from the API server say so, and those that ask none do not", async (t) => {
      await check(t, { ...three, snapshotAge: "never" }, ["HairpinProbeStaleDiscovery"]);
      await check(t, { ...three, snapshotAge: "file" }, [POSSIBLE]);
    });
    test("agents that are not ready on their nodes are missed", (t) => {
      return check(t, { ...three, missingAgents: 1 }, ["HairpinProbeAgentsMissing", POSSIBLE]);
    });
    test("no agent at all says so", (t) => {
      return check(t, { ...three, isPresent: (_, minute) => minute < 40 }, ["HairpinProbeAbsent", POSSIBLE]);
    });

    for (const [name, mode, nodes] of isNightly ? FEW_OF_MANY : FEW_OF_MANY.slice(1, 3)) {
      // All that is known at this size is that some of the nodes probe: 22 of a zone's at each address.
      const size = { nodes, isAlone: true, isThinned: true, scrapeEvery: 2 } as const;
      test(`hairpins alert within half an hour although few nodes of many probe: ${name}, ${nodes} nodes`, (t) =>
        check(t, { ...size, mode, minutes: 30 }, [POSSIBLE, "HairpinTimeouts"]));
    }
    for (const [name, mode] of zonalOrNot("cross-zone")) {
      test(`hairpins alert that are proved five times an hour, at an interval of 30 seconds: ${name}, 5,000 nodes`, (t) => {
        const size = { nodes: 5_000, minutes: 90, isAlone: true, isThinned: true, scrapeEvery: 2, perMinute: 2 };
        return check(t, { ...size, mode }, [POSSIBLE, "HairpinTimeouts"]);
      });
    }
    for (const nodes of isNightly ? [300, 1_000] : [300]) {
      test(`hairpins that few nodes of many see without evidence are suspected: ${nodes} nodes`, (t) => {
        const scenario: Scenario = { mode: ZONAL, nodes, minutes: 60, isThinned: true, scrapeEvery: 2, evidence: "off" };
        return check(t, scenario, [POSSIBLE, "HairpinTimeoutsSuspected"]);
      });
    }
    test("hairpins of the only node with a backend are suspected, although they are all of one node", (t) => {
      const mode = { targetType: "ip", externalTrafficPolicy: "Cluster", crossZone: true } as const;
      const scenario: Scenario = { mode, nodes: 30, hosts: 1, minutes: 60, scrapeEvery: 2, evidence: "off" };
      return check(t, scenario, [POSSIBLE, "HairpinTimeoutsSuspected"]);
    });
    test("hairpins of a single minute alert: they are proved, and clients had them", (t) => {
      const preserves = (minute: number) => minute === 20;
      return check(t, { mode: ZONAL, nodes: 30, minutes: 40, isAlone: true, preserves, saysPreserve: () => true }, [
        POSSIBLE,
        "HairpinTimeouts",
      ]);
    });
    test("hairpins that are cured are over within 50 minutes", async (t) => {
      const preserves = (minute: number) => minute < 20;
      const scenario = {
        mode: ZONAL,
        nodes: 30,
        minutes: 70,
        isAlone: true,
        scrapeEvery: 2,
        preserves,
        saysPreserve: () => true,
      };
      if (!(await firesJust(scenario, [POSSIBLE], "at the end"))) notChecked(t, NO_PROMTOOL);
    });
  });
});
