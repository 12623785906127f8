import type { Control } from "../domain/control.ts";
import { EVIDENCE_KINDS } from "../domain/evidence.ts";
import { exposedLabel } from "../domain/exposure.ts";
import type { Frontend } from "../domain/frontend.ts";
import { REASONS } from "../domain/outcome.ts";
import type { LabelsOf } from "./definitions.ts";
import { LabelSets, labelsKey } from "./label-sets.ts";
import type { MetricRegistry } from "./registry.ts";

export type WhereLabels = LabelsOf<"hairpin_probe_attempts_total">;
export type ControlLabels = LabelsOf<"hairpin_probe_control_attempts_total">;

export const whereOf = (frontend: Frontend, node: string): WhereLabels => ({
  node,
  service_namespace: frontend.service.namespace,
  service_name: frontend.service.name,
  service_port: String(frontend.listener.port),
  frontend_zone: frontend.zone ?? "",
  colocated: String(frontend.colocated),
  exposed: exposedLabel(frontend.exposure),
});

export const controlLabelsOf = ({ service, listener }: Control, node: string): ControlLabels => ({
  node,
  service_namespace: service.namespace,
  service_name: service.name,
  service_port: String(listener.port),
});

export const connectLabelsOf = (where: WhereLabels): LabelsOf<"hairpin_probe_connect_duration_seconds"> => ({
  node: where.node,
  service_namespace: where.service_namespace,
  service_name: where.service_name,
  colocated: where.colocated,
});

/**
 * Which label sets of the metrics per frontend, and per control, exist: from the moment one is planned, at 0, until five minutes
 * after the last one with these labels went. Two addresses of one zone share a label set.
 */
export class FrontendSeries {
  readonly #registry: MetricRegistry;
  readonly #node: string;
  readonly #where: LabelSets<WhereLabels>;
  readonly #connect: LabelSets<ReturnType<typeof connectLabelsOf>>;
  readonly #control: LabelSets<ControlLabels>;

  constructor(registry: MetricRegistry, node: string) {
    this.#registry = registry;
    this.#node = node;
    this.#where = new LabelSets<WhereLabels>(
      (where) => this.#create(where),
      (where) => this.#remove(where),
    );
    this.#connect = new LabelSets(
      (labels) => registry.zero("hairpin_probe_connect_duration_seconds", labels),
      (labels) => registry.remove("hairpin_probe_connect_duration_seconds", labels),
    );
    this.#control = new LabelSets<ControlLabels>(
      (labels) => {
        registry.add("hairpin_probe_control_attempts_total", labels, 0);
        for (const reason of REASONS) registry.add("hairpin_probe_control_failures_total", { ...labels, reason }, 0);
      },
      (labels) => {
        registry.remove("hairpin_probe_control_attempts_total", labels);
        for (const reason of REASONS) registry.remove("hairpin_probe_control_failures_total", { ...labels, reason });
      },
    );
  }

  /** Label sets of frontends that exist at present, those on their way out included. */
  get size(): number {
    return this.#where.size;
  }

  /** Replaces the frontends and controls. */
  plan(frontends: readonly Frontend[], controls: readonly Control[], nowMs: number): void {
    const exposures = new Map<string, number | undefined>();
    const wheres = frontends.map((frontend) => {
      const where = whereOf(frontend, this.#node);
      exposures.set(labelsKey(where), frontend.exposure);
      return where;
    });
    this.#where.want(wheres, nowMs);
    this.#connect.want(wheres.map(connectLabelsOf), nowMs);
    this.#control.want(
      controls.map((control) => controlLabelsOf(control, this.#node)),
      nowMs,
    );
    for (const { labels, isInUse } of this.#where.all()) {
      const exposure = isInUse ? exposures.get(labelsKey(labels)) : undefined;
      // A gauge says what is so now: it goes at once with the frontend it was true of.
      if (exposure === undefined) this.#registry.remove("hairpin_probe_exposure_ratio", labels);
      else this.#registry.set("hairpin_probe_exposure_ratio", labels, exposure);
    }
  }

  /** Removes what has been out of use for long enough. */
  expire(nowMs: number): void {
    for (const sets of [this.#where, this.#connect, this.#control]) sets.expire(nowMs);
  }

  /** Whether outcomes with these labels still have a place: an attempt may end after its frontend's series went. */
  has(where: WhereLabels): boolean {
    return this.#where.has(where);
  }

  hasControl(labels: ControlLabels): boolean {
    return this.#control.has(labels);
  }

  #create(where: WhereLabels): void {
    this.#registry.add("hairpin_probe_attempts_total", where, 0);
    for (const reason of REASONS) this.#registry.add("hairpin_probe_failures_total", { ...where, reason }, 0);
    for (const evidence of EVIDENCE_KINDS) this.#registry.add("hairpin_probe_hairpins_total", { ...where, evidence }, 0);
  }

  #remove(where: WhereLabels): void {
    this.#registry.remove("hairpin_probe_attempts_total", where);
    for (const reason of REASONS) this.#registry.remove("hairpin_probe_failures_total", { ...where, reason });
    for (const evidence of EVIDENCE_KINDS) this.#registry.remove("hairpin_probe_hairpins_total", { ...where, evidence });
    this.#registry.remove("hairpin_probe_tls_certificate_expiry_timestamp_seconds", where);
  }
}
