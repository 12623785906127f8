import type { Observation, Span, Stratum } from "../observation.ts";
import {
  CONFIGURATION_LABELS,
  configurationOf,
  isMeasured,
  isTimeout,
  STRATUM_LABELS,
  stratumKey,
  unmeasuredPorts,
  whereOf,
} from "../series.ts";
import type { PrometheusClient, Series } from "./client.ts";
import { clusterMatcher, matcherOf, refuseSeveralClusters, type Subject } from "./subject.ts";

/** Scrapes are counted in pieces of five minutes, to learn how often there is one. */
const PIECE_MS = 300_000;
/** Of the time that the most usual configuration was there. */
const MIN_PART = 0.2;
const BY_PROXY = 'by="proxy"';

/** The matcher of the cluster behind another one. */
const clusterOf = ({ cluster }: Subject): string => {
  const matcher = clusterMatcher(cluster);
  return matcher === "" ? "" : `,${matcher}`;
};

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
  const [attempts, timeouts, others, hairpins, exposures, control, controlFailures, configurations, agents, left, proxied] =
    await Promise.all([
      increase("hairpin_probe_attempts_total", ["cluster", ...STRATUM_LABELS], endMs - lagMs),
      increase("hairpin_probe_failures_total", [...STRATUM_LABELS, "reason"]),
      // What fails at once is counted when successes are: over a longer span than theirs it would seem to become more.
      increase("hairpin_probe_failures_total", [...STRATUM_LABELS, "reason"], endMs - lagMs),
      increase("hairpin_probe_hairpins_total", STRATUM_LABELS),
      client.query(
        `avg by (${STRATUM_LABELS.join(", ")}) (avg_over_time(hairpin_probe_exposure_ratio{${match}}${whole}))`,
        endMs,
      ),
      increase("hairpin_probe_control_attempts_total", [], endMs - lagMs),
      increase("hairpin_probe_control_failures_total", []),
      client.query(
        `sum by (${CONFIGURATION_LABELS.join(", ")}) (count_over_time(hairpin_probe_service_info{${match}}${whole}))`,
        endMs,
      ),
      readAgents(client, subject, span),
      client.query(
        `max(max_over_time(hairpin_probe_frontends_left_to_others{${clusterMatcher(subject.cluster)}}${whole}))`,
        endMs,
      ),
      client.query(`max by (node) (max_over_time(hairpin_probe_blinded{${BY_PROXY}${clusterOf(subject)}}${whole})) > 0`, endMs),
    ]);
  refuseSeveralClusters(attempts, "such a Service");
  return {
    span,
    strata: strataOf({ attempts, timeouts, others, hairpins, exposures, zones: agents.zones }),
    unmeasuredPorts: unmeasuredPorts(attempts.map(({ labels, points }) => ({ labels, value: points[0]?.value ?? 0 }))),
    // Failures are counted up to the end of the span, attempts are not.
    control: { hits: total(controlFailures), of: Math.max(total(controlFailures), total(control)) },
    configurations: usual(configurations).map(({ labels }) => configurationOf(labels)),
    coverage: agents.coverage,
    zones: agents.zones,
    isShared: total(left) > 0,
    proxied: proxied.map(({ labels }) => labels.node ?? ""),
  };
}

/** Those that were there for a good part of the span: at its edges the one before, or after, is seen, too. */
function usual(configurations: readonly Series[]): readonly Series[] {
  const countOf = ({ points }: Series): number => points[0]?.value ?? 0;
  const most = configurations.reduce((largest, each) => Math.max(largest, countOf(each)), 0);
  return configurations.filter((each) => countOf(each) >= MIN_PART * most);
}

interface Agents {
  /** Share of the span for which each node has samples. */
  readonly coverage: ReadonlyMap<string, number>;
  /** By node; "" where it is not known. */
  readonly zones: ReadonlyMap<string, string>;
}

/** What agents there are. How often they are scraped is learned from the busiest piece of the span. */
async function readAgents(client: PrometheusClient, { cluster }: Subject, { startMs, endMs }: Span): Promise<Agents> {
  const selector = `hairpin_probe_agent_info{${clusterMatcher(cluster)}}`;
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

interface Answers {
  readonly attempts: readonly Series[];
  /** By reason, as what is below. */
  readonly timeouts: readonly Series[];
  readonly others: readonly Series[];
  readonly hairpins: readonly Series[];
  readonly exposures: readonly Series[];
  readonly zones: ReadonlyMap<string, string>;
}

function strataOf({ attempts, hairpins, exposures, zones, ...failures }: Answers): readonly Stratum[] {
  const keyOf = ({ labels }: Series): string => stratumKey(labels);
  const sums = (series: readonly Series[]): ReadonlyMap<string, number> => {
    const byKey = new Map<string, number>();
    for (const each of series) byKey.set(keyOf(each), (byKey.get(keyOf(each)) ?? 0) + (each.points[0]?.value ?? 0));
    return byKey;
  };
  const [timeouts, others] = [
    sums(failures.timeouts.filter(({ labels }) => isTimeout(labels))),
    sums(failures.others.filter(({ labels }) => !isTimeout(labels))),
  ];
  const [proved, shares] = [sums(hairpins), sums(exposures)];
  return attempts
    .filter(({ labels }) => isMeasured(labels))
    .map((each) => {
      const key = keyOf(each);
      const count = (of: ReadonlyMap<string, number>): number => Math.round(of.get(key) ?? 0);
      const failed = count(timeouts) + count(others);
      return {
        ...whereOf(each.labels, zones),
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
