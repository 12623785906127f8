import type { Observation, Span, Stratum } from "../observation.ts";
import { CONFIGURATION_LABELS, configurationOf, isOwnZone, isTimeout, STRATUM_LABELS } from "../series.ts";
import type { PrometheusClient, Series } from "./client.ts";

/** Whose counters are read. */
export interface Subject {
  readonly namespace: string;
  readonly name: string;
  /** Value of the label `cluster`; `undefined`: there is one cluster. */
  readonly cluster: string | undefined;
}

/** Scrapes are counted in pieces of five minutes, to learn how often there is one. */
const PIECE_MS = 300_000;
/** How far apart the configurations are looked at: the settle time covers it. */
const MIN_STEP_MS = 15_000;
const MAX_STEPS = 2_000;
/** Of the time that the most usual configuration was there. */
const MIN_PART = 0.2;

/**
 * Reads what the agents counted of one Service within a span.
 *
 * @param lagMs - Attempts of the last so many milliseconds are left out: their successes are counted already, their timeouts are not.
 * @throws PrometheusError; SeveralClustersError.
 */
export async function readObservation(
  client: PrometheusClient,
  subject: Subject,
  span: Span,
  lagMs: number,
): Promise<Observation> {
  const match = matcherOf(subject);
  const { startMs, endMs } = span;
  const increase = (metric: string, by: readonly string[], toMs = endMs) =>
    client.query(`sum by (${by.join(", ")}) (increase(${metric}{${match}}[${toMs - startMs}ms]))`, toMs);
  const whole = `[${endMs - startMs}ms]`;
  const [attempts, failures, hairpins, exposures, control, controlFailures, configurations, agents] = await Promise.all([
    increase("hairpin_probe_attempts_total", ["cluster", ...STRATUM_LABELS], endMs - lagMs),
    increase("hairpin_probe_failures_total", [...STRATUM_LABELS, "reason"]),
    increase("hairpin_probe_hairpins_total", STRATUM_LABELS),
    client.query(`avg by (${STRATUM_LABELS.join(", ")}) (avg_over_time(hairpin_probe_exposure_ratio{${match}}${whole}))`, endMs),
    increase("hairpin_probe_control_attempts_total", [], endMs - lagMs),
    increase("hairpin_probe_control_failures_total", []),
    client.query(
      `sum by (${CONFIGURATION_LABELS.join(", ")}) (count_over_time(hairpin_probe_service_info{${match}}${whole}))`,
      endMs,
    ),
    readAgents(client, subject, span),
  ]);
  refuseSeveralClusters(attempts);
  return {
    span,
    strata: strataOf({ attempts, failures, hairpins, exposures, zones: agents.zones }),
    control: { hits: total(controlFailures), of: total(control) },
    configurations: usual(configurations).map(({ labels }) => configurationOf(labels)),
    coverage: agents.coverage,
  };
}

/** Those that were there for a good part of the span: at its edges the one before, or after, is seen, too. */
function usual(configurations: readonly Series[]): readonly Series[] {
  const countOf = ({ points }: Series): number => points[0]?.value ?? 0;
  const most = Math.max(...configurations.map(countOf));
  return configurations.filter((each) => countOf(each) >= MIN_PART * most);
}

/**
 * When the agents last saw a Service's configuration change within a span.
 *
 * @returns milliseconds since the epoch; `undefined`: they saw no change.
 * @throws PrometheusError.
 */
export async function findChange(client: PrometheusClient, subject: Subject, span: Span): Promise<number | undefined> {
  const stepMs = Math.max(MIN_STEP_MS, Math.ceil((span.endMs - span.startMs) / MAX_STEPS / 1000) * 1000);
  const query = `group by (${CONFIGURATION_LABELS.join(", ")}) (hairpin_probe_service_info{${matcherOf(subject)}})`;
  const series = await client.queryRange(query, { ...span, stepMs });
  const byTime = new Map<number, Series[]>();
  for (const each of series) {
    for (const { atMs } of each.points) byTime.set(atMs, [...(byTime.get(atMs) ?? []), each]);
  }
  let last: number | undefined;
  let previous: readonly Series[] | undefined;
  for (const [atMs, present] of [...byTime].sort(([a], [b]) => a - b)) {
    // One that goes is no change yet: agents restart, and do not all see it at once.
    if (previous !== undefined && present.some((each) => !previous?.includes(each))) last = atMs;
    previous = present;
  }
  return last;
}

const matcherOf = ({ namespace, name, cluster }: Subject): string =>
  [
    `service_namespace=${quoted(namespace)}`,
    `service_name=${quoted(name)}`,
    ...(cluster === undefined ? [] : [`cluster=${quoted(cluster)}`]),
  ].join(", ");

/** A string of PromQL: its escapes are those of JSON, for what a label can hold. */
const quoted = (text: string): string => JSON.stringify(text);

interface Agents {
  /** Share of the span for which each node has samples. */
  readonly coverage: ReadonlyMap<string, number>;
  /** By node; "" where it is not known. */
  readonly zones: ReadonlyMap<string, string>;
}

/** What agents there are. How often they are scraped is learned from the busiest piece of the span. */
async function readAgents(client: PrometheusClient, { cluster }: Subject, { startMs, endMs }: Span): Promise<Agents> {
  const selector = `hairpin_probe_agent_info{${cluster === undefined ? "" : `cluster=${quoted(cluster)}`}}`;
  const lengthMs = endMs - startMs;
  const piecesMs = Math.max(lengthMs, PIECE_MS);
  const [counts, busiest] = await Promise.all([
    client.query(`sum by (node, node_zone) (count_over_time(${selector}[${lengthMs}ms]))`, endMs),
    client.query(`max(max_over_time(count_over_time(${selector}[${PIECE_MS}ms])[${piecesMs}ms:${PIECE_MS}ms]))`, endMs),
  ]);
  const perMs = total(busiest) / PIECE_MS;
  const coverage = new Map<string, number>();
  for (const { labels, points } of counts) {
    const node = labels.node ?? "";
    coverage.set(node, Math.min(1, (coverage.get(node) ?? 0) + (points[0]?.value ?? 0) / (perMs * lengthMs)));
  }
  return { coverage, zones: new Map(counts.map(({ labels }) => [labels.node ?? "", labels.node_zone ?? ""])) };
}

/** More than one cluster has such a Service: to add them up would say nothing of either. */
export class SeveralClustersError extends Error {
  override readonly name = "SeveralClustersError";
  constructor(clusters: readonly string[]) {
    super(`several clusters have such a Service (${clusters.map((name) => name || "one without a name").join(", ")})`);
  }
}

function refuseSeveralClusters(attempts: readonly Series[]): void {
  const clusters = [...new Set(attempts.map(({ labels }) => labels.cluster ?? ""))];
  if (clusters.length > 1) throw new SeveralClustersError(clusters);
}

interface Answers {
  readonly attempts: readonly Series[];
  readonly failures: readonly Series[];
  readonly hairpins: readonly Series[];
  readonly exposures: readonly Series[];
  readonly zones: ReadonlyMap<string, string>;
}

function strataOf({ attempts, failures, hairpins, exposures, zones }: Answers): readonly Stratum[] {
  const keyOf = ({ labels }: Series): string => STRATUM_LABELS.map((name) => labels[name] ?? "").join("\u0000");
  const sums = (series: readonly Series[]): ReadonlyMap<string, number> => {
    const byKey = new Map<string, number>();
    for (const each of series) byKey.set(keyOf(each), (byKey.get(keyOf(each)) ?? 0) + (each.points[0]?.value ?? 0));
    return byKey;
  };
  const [timeouts, others] = [
    sums(failures.filter(({ labels }) => isTimeout(labels))),
    sums(failures.filter(({ labels }) => !isTimeout(labels))),
  ];
  const [proved, shares] = [sums(hairpins), sums(exposures)];
  return attempts.map((each) => {
    const key = keyOf(each);
    const count = (of: ReadonlyMap<string, number>): number => Math.round(of.get(key) ?? 0);
    const failed = count(timeouts) + count(others);
    return {
      node: each.labels.node ?? "",
      port: each.labels.service_port ?? "",
      zone: each.labels.frontend_zone ?? "",
      isOwnZone: isOwnZone(zones.get(each.labels.node ?? ""), each.labels.frontend_zone),
      colocated: each.labels.colocated === "true",
      isExposed: each.labels.exposed === "true",
      exposure: shares.get(key),
      // Failures of attempts that are left out as too fresh are counted all the same: an attempt that failed is one.
      attempts: Math.max(failed, Math.round(each.points[0]?.value ?? 0)),
      timeouts: count(timeouts),
      hairpins: count(proved),
      otherFailures: count(others),
    };
  });
}

const total = (series: readonly Series[]): number =>
  Math.round(series.reduce((sum, { points }) => sum + (points[0]?.value ?? 0), 0));
