import { seeded } from "../../bench/seeded.ts";
import { BLINDERS, type Blinder } from "../../src/domain/blind-spot.ts";
import type { EvidenceLevel } from "../../src/domain/evidence.ts";
import { exposedLabel } from "../../src/domain/exposure.ts";
import type { Frontend } from "../../src/domain/frontend.ts";
import type { Reason } from "../../src/domain/outcome.ts";
import type { Backend, BackendCounts, NlbService } from "../../src/domain/service.ts";
import type { Snapshot } from "../../src/domain/snapshot.ts";
import type { TargetGroup } from "../../src/domain/target-group.ts";
import type { Self } from "../../src/plan/exposure.ts";
import { FanOut, type Shared } from "../../src/plan/fan-out.ts";
import { planFrontends } from "../../src/plan/frontends.ts";
import { backend, HOSTNAME, listener, nlbService, targetGroup } from "../support/services.ts";
import { InputSeries } from "./input-series.ts";

/** What the NLB of `shop/web` forwards to, and how. */
export type Mode = Pick<TargetGroup, "targetType" | "externalTrafficPolicy"> & { readonly crossZone: boolean };

/** What goes on in the cluster, minute by minute; what is not said is healthy. All shares are 0 to 1. */
export interface Scenario {
  readonly mode: Mode;
  readonly nodes: number;
  readonly minutes: number;
  readonly zones?: number;
  /** Nodes that host a pod of each Service; two in each zone where nothing is said. */
  readonly hosts?: number;
  /** What the agents gather; counters where nothing is said. */
  readonly evidence?: EvidenceLevel;
  /** Whether there are series of proved hairpins, be they 0. */
  readonly hasHairpinSeries?: boolean;
  /** The network translates the agents' addresses: they hairpin in silence. */
  readonly isTranslated?: boolean;
  /** The listeners of `shop/web` are TLS: the NLB accepts by itself, the response does not come, and no evidence tells. */
  readonly isTls?: boolean;
  readonly control?: boolean;
  /** What stands behind `shop/web`, as the agents are told; `undefined`: nobody tells. A ready one on each host where nothing is said. */
  readonly backends?: (minute: number) => BackendCounts | undefined;
  /** What the agents know of the exposure: all; only whether there is one; nothing. */
  readonly exposure?: "known" | "without a ratio" | "unknown";
  /** Whether client IP preservation is on, and whether the Service says so. */
  readonly preserves?: (minute: number) => boolean;
  readonly saysPreserve?: (minute: number) => boolean;
  /** Attempts that fail for another reason than a hairpin. */
  readonly drops?: (path: Path) => number;
  /** The same past the NLB. */
  readonly controlDrops?: (path: Path) => number;
  /** How these fail; by timeouts where nothing is said. */
  readonly reason?: Reason;
  /** Share of the hairpins that the evidence proves; all where nothing is said. */
  readonly recall?: number;
  /** Share of the others that the evidence convicts by mistake. */
  readonly mistaken?: number;
  /** Successes that needed a second SYN. */
  readonly slow?: (path: Path) => number;
  readonly isPresent?: (node: number, minute: number) => boolean;
  /** Which agent pod of the node it is: each has counters of its own. */
  readonly generation?: (node: number, minute: number) => number;
  /** Seconds since discovery heard from the API server; `never`: nothing is known of any Service; `file`: none is asked. */
  readonly snapshotAge?: number | "never" | "file";
  readonly discarded?: { readonly why: "late" | "over_budget" | "shortage"; readonly perMinute: number };
  readonly seriesNeeded?: number;
  /** Attempts a second that the plan takes, of 200. */
  readonly rateNeeded?: number;
  readonly isIdle?: boolean;
  /** What keeps the agents from seeing what other pods see. */
  readonly blindedBy?: Blinder;
  /** Agents that kube-state-metrics misses. */
  readonly missingAgents?: number;
  /** Attempts a minute of a frontend from a node; 6, as at the default interval, where nothing is said. */
  readonly perMinute?: number;
  /** Further ports of `shop/web` that are measured only as far as the NLB: whatever is behind them, all succeeds. */
  readonly portsToNlb?: number;
  /** Minutes between samples. */
  readonly scrapeEvery?: number;
  /** Without the other Service, which is healthy and never exposed. */
  readonly isAlone?: boolean;
  /** Only agents that probe `shop/web` have series, of large clusters a small part, and none of their own trouble. */
  readonly isThinned?: boolean;
}

export interface Path {
  readonly node: number;
  readonly service: string;
  readonly zone: string;
  readonly minute: number;
}

/** Nodes of each zone that host a pod of each Service, where there are so many. */
export const HOSTS_PER_ZONE = 2;
/** Attempts a minute of a frontend from a node, at the default interval. */
const PER_MINUTE = 6;
/** As by default: of 300 nodes in three zones 40 of each probe an address. */
const FAN_OUT = 20;
/** Timeouts that nobody can explain. */
const NOISE = 1e-4;
const zoneOf = (index: number, zones: number): string => `zone-${"abc"[index % zones]}`;
const nameOf = (node: number): string => `node-${node}`;

/** The series that Prometheus has of it. */
export function simulate(scenario: Scenario, seed: number): InputSeries {
  const {
    nodes,
    minutes,
    zones = 3,
    evidence = "counters",
    control = true,
    exposure: known = "known",
    perMinute = PER_MINUTE,
    scrapeEvery = 1,
  } = scenario;
  const canProve = evidence !== "off" && scenario.isTranslated !== true && scenario.isTls !== true;
  const { reason = scenario.isTls === true ? "response_timeout" : "connect_timeout" } = scenario;
  const names = scenario.isAlone === true ? ["web"] : ["web", "other"];
  const random = seeded(seed);
  const times = (count: number, share: number): number => {
    let hits = 0;
    if (share > 0) for (let i = 0; i < count; i++) if (random() < share) hits++;
    return hits;
  };
  const series = new InputSeries(scrapeEvery);
  let plans: ReadonlyMap<number, readonly Frontend[]> = new Map();
  let truths = plans;
  let planned = "";
  for (let minute = 0; minute <= minutes; minute += scrapeEvery) {
    const preserves = scenario.preserves?.(minute) ?? true;
    const says = scenario.saysPreserve?.(minute) ?? preserves;
    const present = Array.from({ length: nodes }, (_, i) => i).filter((node) => scenario.isPresent?.(node, minute) ?? true);
    const key = `${says} ${present}`;
    if (key !== planned) {
      plans = rememberedPlans(scenario, says, present, zones, names);
      truths = says ? plans : rememberedPlans(scenario, true, present, zones, names);
    }
    planned = key;
    const daemonset = series.labels({ namespace: "hairpin-probe", daemonset: "hairpin-probe" });
    const ready = present.length - (scenario.missingAgents ?? 0);
    series.set("kube_daemonset_status_desired_number_scheduled", daemonset, minute, present.length);
    series.set("kube_daemonset_status_number_ready", daemonset, minute, ready);
    for (const node of present) {
      if (scenario.isThinned === true && plans.get(node)?.length === 0) continue;
      const pod = `hairpin-probe-${node}-${scenario.generation?.(node, minute) ?? 0}`;
      const where = series.labels({ job: "hairpin-probe", pod, node: nameOf(node) });
      const frontends = scenario.snapshotAge === "never" ? [] : (plans.get(node) ?? []);
      for (const [index, { service, zone = "", exposure, colocated }] of frontends.entries()) {
        const path = { node, service: service.name, zone, minute };
        const attempts = scenario.isIdle === true ? 0 : perMinute * scrapeEvery;
        const isPreserving = service.name === "web" && preserves;
        const truth = truths.get(node)?.[index]?.exposure;
        const hairpins = isPreserving ? times(attempts, truth ?? 0) : 0;
        const timeouts = hairpins + times(attempts - hairpins, NOISE + (scenario.drops?.(path) ?? 0));
        const { namespace: service_namespace, name: service_name } = service;
        const connects = where + series.labels({ service_namespace, service_name, colocated: String(colocated) });
        const exposed = exposedLabel(known === "unknown" ? undefined : exposure);
        const labels = connects + series.labels({ service_port: "80", frontend_zone: zone, exposed });
        series.add("hairpin_probe_attempts_total", labels, minute, attempts);
        series.add("hairpin_probe_failures_total", labels + series.labels({ reason }), minute, timeouts);
        const proved = canProve ? times(hairpins, scenario.recall ?? 1) + times(timeouts - hairpins, scenario.mistaken ?? 0) : 0;
        if (scenario.hasHairpinSeries !== false)
          series.add("hairpin_probe_hairpins_total", labels + series.labels({ evidence: "reset" }), minute, proved);
        if (exposure !== undefined && known === "known") series.set("hairpin_probe_exposure_ratio", labels, minute, exposure);
        for (let port = 0; port < (service.name === "web" ? (scenario.portsToNlb ?? 0) : 0); port++) {
          const at = { service_port: String(8000 + port), frontend_zone: zone, exposed, reach: "nlb" };
          const toNlb = connects + series.labels(at);
          series.add("hairpin_probe_attempts_total", toNlb, minute, attempts);
          series.add("hairpin_probe_failures_total", toNlb + series.labels({ reason }), minute, 0);
          if (exposure !== undefined && known === "known") series.set("hairpin_probe_exposure_ratio", toNlb, minute, exposure);
        }
        const slow = times(attempts - timeouts, scenario.slow?.(path) ?? 0);
        series.add("hairpin_probe_connect_duration_seconds_count", connects, minute, attempts - timeouts);
        series.add(
          "hairpin_probe_connect_duration_seconds_bucket",
          connects + series.labels({ le: "0.9" }),
          minute,
          attempts - timeouts - slow,
        );
      }
      for (const name of scenario.snapshotAge === "never" ? [] : names) {
        const labels = where + series.labels({ service_namespace: "shop", service_name: name });
        series.set("hairpin_probe_frontends", labels, minute, zones);
        const { backends = () => ({ ready: scenario.hosts ?? HOSTS_PER_ZONE * zones, unready: 0 }) } = scenario;
        const behind = backends(minute);
        const info = { target_type: "instance", preserve_client_ip: String(name === "web" && says), hostname: HOSTNAME };
        series.set("hairpin_probe_service_info", labels + series.labels(info), minute, 1);
        const port = labels + series.labels({ service_port: "80" });
        if (name === "web" && behind !== undefined) {
          series.set("hairpin_probe_backends", port + series.labels({ ready: "true" }), minute, behind.ready);
          series.set("hairpin_probe_backends", port + series.labels({ ready: "false" }), minute, behind.unready);
        }
        if (!control) continue;
        const attempts = minute % 5 < scrapeEvery ? perMinute : 0;
        const failures = times(attempts, scenario.controlDrops?.({ node, service: name, zone: "", minute }) ?? 0);
        series.add("hairpin_probe_control_attempts_total", port, minute, attempts);
        series.add(
          "hairpin_probe_control_failures_total",
          port + series.labels({ reason: scenario.reason ?? "connect_timeout" }),
          minute,
          failures,
        );
      }
      const { snapshotAge = 20 } = scenario;
      const discovers_from = snapshotAge === "file" ? "file" : "kubernetes";
      const itself = where + series.labels({ version: "0.1.0", evidence_level: evidence, discovers_from });
      series.set("hairpin_probe_agent_info", itself, minute, 1);
      if (typeof snapshotAge === "number") series.set("hairpin_probe_snapshot_age_seconds", where, minute, snapshotAge);
      if (scenario.isThinned === true) continue;
      for (const by of BLINDERS)
        series.set("hairpin_probe_blinded", where + series.labels({ by }), minute, by === scenario.blindedBy ? 1 : 0);
      series.set("hairpin_probe_series_needed", where, minute, scenario.seriesNeeded ?? 300);
      series.set("hairpin_probe_series_limit", where, minute, 20_000);
      series.set("hairpin_probe_attempts_per_second_needed", where, minute, scenario.rateNeeded ?? 1);
      series.set("hairpin_probe_attempts_per_second_limit", where, minute, 200);
      const discarded = scenario.discarded ?? { why: "late", perMinute: 0 };
      series.add("hairpin_probe_discarded_total", where + series.labels({ why: discarded.why }), minute, discarded.perMinute);
    }
  }
  return series;
}

const plansBefore = new Map<string, ReturnType<typeof plansOf>>();

/** Many scenarios have the same plans, and those of thousands of nodes take a second. */
function rememberedPlans(...given: Parameters<typeof plansOf>): ReturnType<typeof plansOf> {
  const [{ mode, hosts }, ...others] = given;
  const key = JSON.stringify([mode, hosts, ...others]);
  const plans = plansBefore.get(key) ?? plansOf(...given);
  plansBefore.set(key, plans);
  return plans;
}

/** What each agent plans, by the agent's own code. */
function plansOf(
  { mode, hosts }: Scenario,
  says: boolean,
  present: readonly number[],
  zones: number,
  names: readonly string[],
): ReadonlyMap<number, readonly Frontend[]> {
  const placements = present.map((node) => ({ node: nameOf(node), zone: zoneOf(node, zones), hasAgent: true as const }));
  const web = serviceOf("web", { ...mode, crossZone: { enabled: mode.crossZone, origin: "explicit" } }, says);
  const other = serviceOf("other", { targetType: "ip" }, false);
  const backends = placements.slice(0, hosts ?? HOSTS_PER_ZONE * zones).map(({ node, zone }): Backend => backend(node, zone));
  const snapshot: Snapshot = {
    services: [
      { service: web, backends },
      { service: other, backends },
    ].filter(({ service }) => names.includes(service.name)),
    skipped: [],
    nodes: placements,
  };
  const addresses = Array.from({ length: zones }, (_, i) => ({ address: `10.0.${i}.5`, zone: zoneOf(i, zones) }));
  const resolve = () => ({ kind: "resolved", addresses, overLimit: 0 }) as const;
  // It remembers the names of a zone, and holds nothing: nodes of a zone can share one.
  const fanOuts = new Map(addresses.map(({ zone }) => [zone, new FanOut({ limit: FAN_OUT, holdMs: 0 })]));
  // Nodes of another zone change nothing, but the time that it takes to pass over them.
  const nodesIn = Map.groupBy(placements, ({ zone }) => zone);
  const choose = <T extends Shared>(candidates: readonly T[], self: Self): readonly T[] =>
    fanOuts.get(self.zone ?? "")?.choose(candidates, { nodes: nodesIn.get(self.zone ?? "") ?? [] }, self, 0).chosen ?? [];
  const planOf = (self: Self) => planFrontends(snapshot, resolve, self, () => true, choose).frontends;
  return new Map(placements.map((self, i) => [present[i] ?? 0, planOf(self)]));
}

const serviceOf = (name: string, group: Partial<TargetGroup>, preserves: boolean): NlbService =>
  nlbService({
    name,
    listeners: [
      listener({ targetGroup: targetGroup({ ...group, preserveClientIp: { enabled: preserves, origin: "explicit" } }) }),
    ],
  });
