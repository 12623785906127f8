import { BLINDERS, type Blinder } from "../domain/blind-spot.ts";
import type { Control } from "../domain/control.ts";
import { type EvidenceLevel, isHairpin } from "../domain/evidence.ts";
import { ADDRESS_SKIP_REASONS, type AddressSkipReason, type Frontend } from "../domain/frontend.ts";
import { DISCARD_CAUSES, type DiscardCause, type Outcome, PHASES } from "../domain/outcome.ts";
import { type OptionalResourceName, RESOURCE_STATES, type ResourceState } from "../domain/resources.ts";
import { type NlbService, SKIP_REASONS } from "../domain/service.ts";
import type { Snapshot, Source } from "../domain/snapshot.ts";
import type { StatusAgent } from "../domain/status.ts";
import type { Switch } from "../domain/target-group.ts";
import { type LabelsOf, METRICS } from "./definitions.ts";
import { FrontendSeries } from "./frontend-series.ts";
import { MetricRegistry } from "./registry.ts";
import { serviceLabelsOf } from "./where-labels.ts";

export type DiscoveryResource = (typeof METRICS)["hairpin_probe_discovery_errors_total"]["labels"]["resource"][number];

/** What the agent has counted since it started. */
export type AgentTotals = Pick<
  StatusAgent,
  "attempts" | "failures" | "discarded" | "discoveryErrors" | "logLinesDropped" | "resources"
>;

/** What an agent is, for whoever reads its metrics. */
export interface AgentDescription {
  readonly zone: string | undefined;
  readonly version: string;
  readonly nodeVersion: string;
  /** What it can do at present, which may be less than it was asked for. */
  readonly evidenceLevel: EvidenceLevel;
  readonly discoversFrom: Source | "both";
}

/** What the agent says about itself and the network, in the agent's own verbs. */
export class AgentMetrics {
  readonly #totals = {
    attempts: 0,
    failures: 0,
    discarded: { late: 0, shutdown: 0, over_budget: 0, shortage: 0 } as Record<DiscardCause, number>,
    discoveryErrors: 0,
    logLinesDropped: 0,
  };
  readonly #resources = new Map<OptionalResourceName, ResourceState>();
  readonly registry = new MetricRegistry();
  readonly #node: string;
  readonly #series: FrontendSeries;
  readonly #nowMs: () => number;

  /**
   * @param nowMs - Monotonic milliseconds.
   * @param maxSeries - Budget of series: see `planSeries`.
   */
  constructor(options: { readonly node: string; readonly nowMs: () => number; readonly maxSeries: number }) {
    this.#node = options.node;
    this.#nowMs = options.nowMs;
    this.#series = new FrontendSeries(this.registry, options.node, options.maxSeries);
    const node = { node: options.node };
    for (const why of DISCARD_CAUSES) this.registry.add("hairpin_probe_discarded_total", { ...node, why }, 0);
    for (const reason of SKIP_REASONS) this.registry.set("hairpin_probe_services_skipped", { ...node, reason }, 0);
    for (const reason of ADDRESS_SKIP_REASONS) this.registry.set("hairpin_probe_addresses_skipped", { ...node, reason }, 0);
    for (const resource of METRICS.hairpin_probe_discovery_errors_total.labels.resource) {
      this.registry.add("hairpin_probe_discovery_errors_total", { ...node, resource }, 0);
    }
    for (const phase of PHASES) this.registry.zero("hairpin_probe_phase_duration_seconds", { ...node, phase });
    this.registry.zero("hairpin_probe_start_lateness_seconds", node);
    this.registry.add("hairpin_probe_log_lines_dropped_total", node, 0);
    for (const by of BLINDERS) this.blinded(by, false);
    this.registry.beforeScrape(() => this.#series.expire(this.#nowMs()));
  }

  /** The age is read at each scrape; `undefined`: there is no snapshot yet. */
  watchSnapshotAge(ageMs: () => number | undefined): void {
    this.registry.beforeScrape(() => {
      const age = ageMs();
      if (age !== undefined) this.registry.set("hairpin_probe_snapshot_age_seconds", { node: this.#node }, age / 1000);
    });
  }

  /** Whether the evidence counts at present is asked at each scrape; `undefined`: there is none. */
  watchQuiet(isQuiet: () => boolean | undefined): void {
    this.registry.beforeScrape(() => {
      const quiet = isQuiet();
      if (quiet !== undefined) this.registry.set("hairpin_probe_evidence_quiet", { node: this.#node }, quiet ? 1 : 0);
    });
  }

  /** The description is read at each scrape: zone and evidence change while the agent runs. */
  watchAgent(describe: () => AgentDescription): void {
    let last: LabelsOf<"hairpin_probe_agent_info"> | undefined;
    this.registry.beforeScrape(() => {
      const { zone, version, nodeVersion, evidenceLevel, discoversFrom } = describe();
      if (last !== undefined) this.registry.remove("hairpin_probe_agent_info", last);
      last = {
        node: this.#node,
        node_zone: zone ?? "",
        version,
        node_version: nodeVersion,
        evidence_level: evidenceLevel,
        discovers_from: discoversFrom,
      };
      this.registry.set("hairpin_probe_agent_info", last, 1);
    });
  }

  /** A new plan: zeros for what is new, configuration of what is probed, counts of what is not. */
  plan(snapshot: Snapshot, frontends: readonly Frontend[], controls: readonly Control[] = []): void {
    const node = { node: this.#node };
    const services = snapshot.services.map(({ service }) => service);
    this.#series.plan({ services, frontends, controls }, this.#nowMs());
    const { folding } = this.#series;
    this.registry.reset("hairpin_probe_service_info");
    this.registry.reset("hairpin_probe_frontends");
    const planned = Map.groupBy(frontends, ({ service }) => service);
    for (const service of services) {
      const labels = { ...node, ...serviceLabelsOf(service, folding) };
      // One of many has no configuration that would be theirs.
      if (labels.service_name !== "") this.registry.set("hairpin_probe_service_info", { ...labels, ...infoOf(service) }, 1);
      this.registry.increase("hairpin_probe_frontends", labels, planned.get(service)?.length ?? 0);
    }
    for (const reason of SKIP_REASONS) {
      const count = snapshot.skipped.filter((skipped) => skipped.reason === reason).length;
      this.registry.set("hairpin_probe_services_skipped", { ...node, reason }, count);
    }
  }

  /** What was counted since the start, for people. */
  totals(): Readonly<AgentTotals> {
    const resources = [...this.#resources].map(([resource, state]) => ({ resource, state }));
    return { ...this.#totals, discarded: { ...this.#totals.discarded }, resources };
  }

  /** Addresses that the plan leaves out, of all Services together. */
  addressesSkipped(counts: Readonly<Record<AddressSkipReason, number>>): void {
    for (const reason of ADDRESS_SKIP_REASONS) {
      this.registry.set("hairpin_probe_addresses_skipped", { node: this.#node, reason }, counts[reason]);
    }
  }

  /** Frontends that other nodes were chosen for. */
  leftToOthers(count: number): void {
    this.registry.set("hairpin_probe_frontends_left_to_others", { node: this.#node }, count);
  }

  /** What the plan takes of attempts a second, what is allowed, and how many Services are attempted less often for it. */
  pace(pace: { readonly needed: number; readonly limit: number; readonly slowed: number }): void {
    const node = { node: this.#node };
    this.registry.set("hairpin_probe_attempts_per_second_needed", node, pace.needed);
    this.registry.set("hairpin_probe_attempts_per_second_limit", node, pace.limit);
    this.registry.set("hairpin_probe_services_slowed", node, pace.slowed);
  }

  started(latenessSeconds: number): void {
    this.registry.observe("hairpin_probe_start_lateness_seconds", { node: this.#node }, latenessSeconds);
  }

  outcome(frontend: Frontend, outcome: Outcome): void {
    if (outcome.kind === "discarded") {
      this.discarded(outcome.why);
      return;
    }
    this.#totals.attempts++;
    if (outcome.kind === "failure") this.#totals.failures++;
    for (const phase of PHASES) {
      const seconds = outcome.phases[phase];
      if (seconds !== undefined)
        this.registry.observe("hairpin_probe_phase_duration_seconds", { node: this.#node, phase }, seconds);
    }
    const place = this.#series.placeOf(frontend);
    // The series of a frontend that went long ago are gone; to count into them would bring them back for good.
    if (place === undefined) return;
    const { where, connect } = place;
    this.registry.add("hairpin_probe_attempts_total", where);
    if (outcome.kind === "failure") {
      this.registry.add("hairpin_probe_failures_total", { ...where, reason: outcome.reason });
      const { evidence } = outcome;
      if (isHairpin(evidence)) this.registry.add("hairpin_probe_hairpins_total", { ...where, evidence: evidence.kind });
    } else if (outcome.phases.connect !== undefined) {
      this.registry.observe("hairpin_probe_connect_duration_seconds", connect, outcome.phases.connect);
    }
    if (outcome.certificateExpiry !== undefined && !this.#series.folding.ports) {
      this.registry.set("hairpin_probe_tls_certificate_expiry_timestamp_seconds", where, outcome.certificateExpiry);
    }
  }

  /** How an attempt past the NLB ended. */
  controlOutcome(control: Control, outcome: Outcome): void {
    if (outcome.kind === "discarded") {
      this.discarded(outcome.why);
      return;
    }
    const labels = this.#series.controlLabelsOf(control);
    if (!this.#series.hasControl(labels)) return;
    this.registry.add("hairpin_probe_control_attempts_total", labels);
    if (outcome.kind === "failure")
      this.registry.add("hairpin_probe_control_failures_total", { ...labels, reason: outcome.reason });
  }

  discarded(why: DiscardCause, count = 1): void {
    this.#totals.discarded[why] += count;
    this.registry.add("hairpin_probe_discarded_total", { node: this.#node, why }, count);
  }

  discoveryError(resource: DiscoveryResource): void {
    this.#totals.discoveryErrors++;
    this.registry.add("hairpin_probe_discovery_errors_total", { node: this.#node, resource });
  }

  /** A resource that not every cluster has is in this state from now on. */
  resourceState(resource: OptionalResourceName, state: ResourceState): void {
    this.#resources.set(resource, state);
    for (const each of RESOURCE_STATES) {
      this.registry.set("hairpin_probe_resource_state", { node: this.#node, resource, state: each }, each === state ? 1 : 0);
    }
  }

  /** Something keeps the agent from seeing what other pods see, or no longer does. */
  blinded(by: Blinder, isSo: boolean): void {
    this.registry.set("hairpin_probe_blinded", { node: this.#node, by }, isSo ? 1 : 0);
  }

  /**
   * What the server's TLS is.
   *
   * @param tls - Whether what its files say is what is in use; and when the certificate in use ends, in Unix seconds, where it is new.
   */
  serverTls(tls: { readonly isCurrent: boolean; readonly expiresAt?: number }): void {
    const node = { node: this.#node };
    this.registry.set("hairpin_probe_server_tls_current", node, tls.isCurrent ? 1 : 0);
    if (tls.expiresAt !== undefined)
      this.registry.set("hairpin_probe_server_tls_certificate_expiry_timestamp_seconds", node, tls.expiresAt);
  }

  logLineDropped(): void {
    this.#totals.logLinesDropped++;
    this.registry.add("hairpin_probe_log_lines_dropped_total", { node: this.#node });
  }

  /** A name was resolved; that is the dns phase of the attempts that use the answer. */
  resolved(seconds: number): void {
    this.registry.observe("hairpin_probe_phase_duration_seconds", { node: this.#node, phase: "dns" }, seconds);
  }
}

type InfoLabels = Omit<LabelsOf<"hairpin_probe_service_info">, "node" | "service_namespace" | "service_name">;

function infoOf(service: NlbService): InfoLabels {
  const groups = service.listeners.map(({ targetGroup }) => targetGroup);
  return {
    controller: service.controller,
    target_type: common(groups.map(({ targetType }) => targetType ?? "")),
    preserve_client_ip: common(groups.map(({ preserveClientIp }) => switchLabel(preserveClientIp))),
    preserve_origin: common(groups.map(({ preserveClientIp }) => preserveClientIp.origin)),
    cross_zone: common(groups.map(({ crossZone }) => switchLabel(crossZone))),
    external_traffic_policy: common(groups.map(({ externalTrafficPolicy }) => externalTrafficPolicy)),
    hostname: service.hostname ?? "",
  };
}

const switchLabel = ({ enabled }: Switch): string => (enabled === undefined ? "" : String(enabled));

/** What all ports have in common; ports may differ. */
const common = (values: readonly string[]): string => (new Set(values).size > 1 ? "mixed" : (values[0] ?? ""));
