import type { TestContext } from "node:test";
import { notChecked } from "../support/not-checked.ts";
import { NO_PROMTOOL } from "../support/promtool.ts";
import { isNightly } from "../support/run-environment.ts";
import { firesJust } from "./firing-alerts.ts";
import { HOSTS_PER_ZONE, type Mode, type Path, type Scenario } from "./simulated-cluster.ts";

/** Every way in which an NLB chooses: https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-target-groups.html */
export const MODES: readonly (readonly [name: string, mode: Mode])[] = [
  ["instance targets, Cluster, zonal", { targetType: "instance", externalTrafficPolicy: "Cluster", crossZone: false }],
  ["instance targets, Cluster, cross-zone", { targetType: "instance", externalTrafficPolicy: "Cluster", crossZone: true }],
  ["instance targets, Local, zonal", { targetType: "instance", externalTrafficPolicy: "Local", crossZone: false }],
  ["instance targets, Local, cross-zone", { targetType: "instance", externalTrafficPolicy: "Local", crossZone: true }],
  ["ip targets, zonal", { targetType: "ip", externalTrafficPolicy: "Cluster", crossZone: false }],
  ["ip targets, cross-zone", { targetType: "ip", externalTrafficPolicy: "Cluster", crossZone: true }],
];
export const [ZONAL, CROSS_ZONE] = MODES.map(([, mode]) => mode) as [Mode, Mode];
/** What a mode is made of: two modes can differ in one of these. */
export const factorsOfMode = ({ targetType, externalTrafficPolicy, crossZone }: Mode): readonly string[] => [
  `${targetType} ${externalTrafficPolicy}`,
  String(crossZone),
];

/** The modes that tell most, for clusters of thousands of nodes, each of which takes seconds: at night both, by day the one that is named. */
export function zonalOrNot(byDay: "zonal" | "cross-zone"): readonly (readonly [name: string, mode: Mode])[] {
  const both = [
    ["zonal", ZONAL],
    ["cross-zone", CROSS_ZONE],
  ] as const;
  return isNightly ? both : both.filter(([name]) => name === byDay);
}

/** promtool runs side by side, one for each core of a small machine. */
export const TWO_AT_ONCE = { concurrency: 2 };
export const POSSIBLE = "HairpinPossible";

const ZONES = 3;

/** Nodes that are targets, or host one. */
const targetNodes = ({ targetType, externalTrafficPolicy }: Mode, nodes: number): number =>
  targetType === "instance" && externalTrafficPolicy === "Cluster" ? nodes : Math.min(ZONES * HOSTS_PER_ZONE, nodes);

/** Whether every path from every node is exposed, so that there is no other to compare with. */
export const isAllExposed = (mode: Mode, nodes: number): boolean => mode.crossZone && targetNodes(mode, nodes) === nodes;

/** What one dead target that the NLB goes on choosing costs whoever connects, wherever from. */
export function deadTarget(mode: Mode, nodes: number): (path: Path) => number {
  const targets = targetNodes(mode, nodes);
  return ({ service, zone }) => {
    if (service !== "web") return 0;
    if (mode.crossZone) return 1 / targets;
    return zone === "zone-a" ? ZONES / targets : 0;
  };
}

/** Demands that just these alerts fire, whenever. */
export const check = async (t: TestContext, scenario: Scenario, alerts: readonly string[]): Promise<void> => {
  if (!(await firesJust(scenario, alerts))) notChecked(t, NO_PROMTOOL);
};
