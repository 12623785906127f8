import type { Control } from "../domain/control.ts";
import { EVIDENCE_KINDS } from "../domain/evidence.ts";
import type { Frontend } from "../domain/frontend.ts";
import { REASONS } from "../domain/outcome.ts";
import type { BackendCounts } from "../domain/service.ts";
import { LabelSets, labelsKey } from "./label-sets.ts";
import type { MetricRegistry } from "./registry.ts";
import { type Planned, planSeries } from "./series-budget.ts";
import {
  type ConnectLabels,
  connectLabelsOf,
  type Folding,
  NOTHING_FOLDED,
  type PortLabels,
  portLabelsOf,
  type WhereLabels,
  whereOf,
} from "./where-labels.ts";

/** Frontends with the same labels get as many attempts each: the share of all of them is the mean. */
interface Mean {
  readonly sum: number;
  readonly count: number;
}

/** Where the outcomes of a frontend are counted. */
interface Place {
  readonly where: WhereLabels;
  readonly connect: ConnectLabels;
  readonly key: string;
}

/**
 * Which label sets of the metrics per frontend, and per control, exist: from the moment one is planned, at 0, until five minutes
 * after the last one with these labels went. Two addresses of one zone share a label set, and whatever the budget folds.
 */
export class FrontendSeries {
  readonly #registry: MetricRegistry;
  readonly #node: string;
  readonly #maxSeries: number;
  #folding: Folding = NOTHING_FOLDED;
  /** Of those that were asked for since the last plan: to put it together anew is 2 % of an attempt. */
  #places = new WeakMap<Frontend, Place>();
  readonly #where: LabelSets<WhereLabels>;
  readonly #connect: LabelSets<ConnectLabels>;
  readonly #control: LabelSets<PortLabels>;

  /** @param maxSeries - The budget. */
  constructor(registry: MetricRegistry, node: string, maxSeries: number) {
    this.#registry = registry;
    this.#node = node;
    this.#maxSeries = maxSeries;
    registry.set("hairpin_probe_series_limit", { node }, maxSeries);
    registry.set("hairpin_probe_series_needed", { node }, 0);
    registry.set("hairpin_probe_services_folded", { node }, 0);
    this.#where = new LabelSets<WhereLabels>(
      (where) => this.#create(where),
      (where) => this.#remove(where),
    );
    this.#connect = new LabelSets(
      (labels) => registry.zero("hairpin_probe_connect_duration_seconds", labels),
      (labels) => registry.remove("hairpin_probe_connect_duration_seconds", labels),
    );
    this.#control = new LabelSets<PortLabels>(
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

  /** What of the last plan is added up instead of told apart. */
  get folding(): Folding {
    return this.#folding;
  }

  /** @returns `undefined` where its series are gone: an attempt may end after they went. */
  placeOf(frontend: Frontend): Place | undefined {
    const place = this.#planned(frontend);
    return this.#where.has(place.key) ? place : undefined;
  }

  #planned(frontend: Frontend): Place {
    let place = this.#places.get(frontend);
    if (place === undefined) {
      const where = whereOf(frontend, this.#node, this.#folding);
      place = { where, connect: connectLabelsOf(where, this.#folding), key: labelsKey(where) };
      this.#places.set(frontend, place);
    }
    return place;
  }

  controlLabelsOf(control: Control): PortLabels {
    return portLabelsOf(control, this.#node, this.#folding);
  }

  /** Replaces what there is to have series. */
  plan(planned: Planned, nowMs: number): void {
    const { needed, folding } = planSeries(planned, this.#maxSeries, this.#node);
    this.#folding = folding;
    this.#places = new WeakMap();
    const node = { node: this.#node };
    this.#registry.set("hairpin_probe_series_needed", node, needed);
    this.#registry.set("hairpin_probe_services_folded", node, folding.services.size);

    const exposures = new Map<string, Mean>();
    const places = planned.frontends.map((frontend) => {
      const place = this.#planned(frontend);
      if (frontend.exposure !== undefined) {
        const { sum, count } = exposures.get(place.key) ?? { sum: 0, count: 0 };
        exposures.set(place.key, { sum: sum + frontend.exposure, count: count + 1 });
      }
      return place;
    });
    this.#where.want(
      places.map(({ where }) => where),
      nowMs,
    );
    this.#connect.want(
      places.map(({ connect }) => connect),
      nowMs,
    );
    this.#control.want(
      planned.controls.map((control) => this.controlLabelsOf(control)),
      nowMs,
    );
    this.#setBackends(planned.frontends);
    for (const { labels, isInUse } of this.#where.all()) {
      const exposure = isInUse ? exposures.get(labelsKey(labels)) : undefined;
      // A gauge says what is so now: it goes at once with the frontend it was true of.
      if (exposure === undefined) this.#registry.remove("hairpin_probe_exposure_ratio", labels);
      else this.#registry.set("hairpin_probe_exposure_ratio", labels, exposure.sum / exposure.count);
    }
  }

  /** What is unknown of one of those that share labels is unknown of all. */
  #setBackends(frontends: readonly Frontend[]): void {
    this.#registry.reset("hairpin_probe_backends");
    const ports = Map.groupBy(frontends, (frontend) => labelsKey(portLabelsOf(frontend, this.#node, this.#folding)));
    for (const sharing of ports.values()) {
      const [first] = sharing;
      const known = sharing.flatMap(({ backends }) => backends ?? []);
      if (first === undefined || known.length < sharing.length) continue;
      const labels = portLabelsOf(first, this.#node, this.#folding);
      const most = (count: (backends: BackendCounts) => number): number => Math.max(...known.map(count));
      this.#registry.set(
        "hairpin_probe_backends",
        { ...labels, ready: "true" },
        most(({ ready }) => ready),
      );
      this.#registry.set(
        "hairpin_probe_backends",
        { ...labels, ready: "false" },
        most(({ unready }) => unready),
      );
    }
  }

  /** Removes what has been out of use for long enough. */
  expire(nowMs: number): void {
    for (const sets of [this.#where, this.#connect, this.#control]) sets.expire(nowMs);
  }

  hasControl(labels: PortLabels): boolean {
    return this.#control.has(labelsKey(labels));
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
