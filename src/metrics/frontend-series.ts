import { exposedLabel } from "../domain/exposure.ts";
import type { Frontend } from "../domain/frontend.ts";
import { REASONS } from "../domain/outcome.ts";
import type { LabelsOf } from "./definitions.ts";
import type { MetricRegistry } from "./registry.ts";

export type WhereLabels = LabelsOf<"hairpin_probe_attempts_total">;

/** How long a label set that no longer applies stays, so that its last increments are scraped: five minutes. */
export const SERIES_GRACE_MS = 5 * 60_000;

export const whereOf = (frontend: Frontend, node: string): WhereLabels => ({
  node,
  service_namespace: frontend.service.namespace,
  service_name: frontend.service.name,
  service_port: String(frontend.listener.port),
  frontend_zone: frontend.zone ?? "",
  colocated: String(frontend.colocated),
  exposed: exposedLabel(frontend.exposure),
});

export const connectLabelsOf = (where: WhereLabels): LabelsOf<"hairpin_probe_connect_duration_seconds"> => ({
  node: where.node,
  service_namespace: where.service_namespace,
  service_name: where.service_name,
  colocated: where.colocated,
});

/** A label set in use, or on its way out. */
interface Entry<Labels> {
  readonly labels: Labels;
  /** Milliseconds at which it is removed; `undefined`: it is in use. */
  expiresMs: number | undefined;
}

/**
 * Which label sets of the per-frontend metrics exist: from the moment a frontend is planned, at 0, until five minutes after the
 * last frontend with these labels went. Two addresses of one zone share a label set.
 */
export class FrontendSeries {
  readonly #registry: MetricRegistry;
  readonly #node: string;
  readonly #where = new Map<string, Entry<WhereLabels>>();
  readonly #connect = new Map<string, Entry<ReturnType<typeof connectLabelsOf>>>();

  constructor(registry: MetricRegistry, node: string) {
    this.#registry = registry;
    this.#node = node;
  }

  /** Label sets that exist at present, those on their way out included. */
  get size(): number {
    return this.#where.size;
  }

  /** Replaces the frontends. */
  plan(frontends: readonly Frontend[], nowMs: number): void {
    const wheres = new Map<string, WhereLabels>();
    const exposures = new Map<string, number | undefined>();
    for (const frontend of frontends) {
      const where = whereOf(frontend, this.#node);
      wheres.set(keyOf(where), where);
      exposures.set(keyOf(where), frontend.exposure);
    }
    const connects = new Map(
      [...wheres.values()].map((where) => [keyOf(connectLabelsOf(where)), connectLabelsOf(where)] as const),
    );
    update(this.#where, wheres, nowMs, (labels) => this.#create(labels));
    update(this.#connect, connects, nowMs, (labels) => this.#registry.zero("hairpin_probe_connect_duration_seconds", labels));
    for (const [key, { labels, expiresMs }] of this.#where) {
      const exposure = expiresMs === undefined ? exposures.get(key) : undefined;
      // A gauge says what is so now: it goes at once with the frontend it was true of.
      if (exposure === undefined) this.#registry.remove("hairpin_probe_exposure_ratio", labels);
      else this.#registry.set("hairpin_probe_exposure_ratio", labels, exposure);
    }
  }

  /** Removes what has been out of use for long enough. */
  expire(nowMs: number): void {
    for (const [key, { labels, expiresMs }] of this.#where) {
      if (expiresMs === undefined || expiresMs > nowMs) continue;
      this.#where.delete(key);
      this.#remove(labels);
    }
    for (const [key, { labels, expiresMs }] of this.#connect) {
      if (expiresMs === undefined || expiresMs > nowMs) continue;
      this.#connect.delete(key);
      this.#registry.remove("hairpin_probe_connect_duration_seconds", labels);
    }
  }

  /** Whether outcomes with these labels still have a place: an attempt may end after its frontend's series went. */
  has(where: WhereLabels): boolean {
    return this.#where.has(keyOf(where));
  }

  #create(where: WhereLabels): void {
    this.#registry.add("hairpin_probe_attempts_total", where, 0);
    for (const reason of REASONS) this.#registry.add("hairpin_probe_failures_total", { ...where, reason }, 0);
  }

  #remove(where: WhereLabels): void {
    this.#registry.remove("hairpin_probe_attempts_total", where);
    for (const reason of REASONS) this.#registry.remove("hairpin_probe_failures_total", { ...where, reason });
    this.#registry.remove("hairpin_probe_tls_certificate_expiry_timestamp_seconds", where);
  }
}

function update<Labels>(
  entries: Map<string, Entry<Labels>>,
  wanted: ReadonlyMap<string, Labels>,
  nowMs: number,
  create: (labels: Labels) => void,
): void {
  for (const [key, labels] of wanted) {
    const entry = entries.get(key);
    if (entry !== undefined) entry.expiresMs = undefined;
    else {
      entries.set(key, { labels, expiresMs: undefined });
      create(labels);
    }
  }
  for (const [key, entry] of entries) {
    if (!wanted.has(key)) entry.expiresMs ??= nowMs + SERIES_GRACE_MS;
  }
}

const keyOf = (labels: Readonly<Record<string, string>>): string => Object.values(labels).join("\u0000");
