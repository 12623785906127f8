import type { Span } from "../observation.ts";
import { CONFIGURATION_LABELS } from "../series.ts";
import type { PrometheusClient, Series } from "./client.ts";
import { clusterMatcher, matcherOf, refuseSeveralClusters, type Subject } from "./subject.ts";

/** How far apart the configurations are looked at: the settle time covers it. */
const MIN_STEP_MS = 15_000;
const MAX_STEPS = 2_000;
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
  const byTime = new Map<number, Set<Series>>();
  for (const each of series) {
    for (const { atMs } of each.points) {
      const present = byTime.get(atMs);
      if (present === undefined) byTime.set(atMs, new Set([each]));
      else present.add(each);
    }
  }
  let last: number | undefined;
  let previous: ReadonlySet<Series> | undefined;
  for (const [atMs, present] of [...byTime].sort(([a], [b]) => a - b)) {
    // One that goes is no change yet: agents restart, and do not all see it at once.
    if (previous !== undefined && [...present].some((each) => previous?.has(each) === false)) last = atMs;
    previous = present;
  }
  return last;
}

/**
 * The Services that agents reported on within a span.
 *
 * @throws PrometheusError; SeveralClustersError.
 */
export async function servicesSeen(
  client: PrometheusClient,
  cluster: string | undefined,
  { startMs, endMs }: Span,
): Promise<readonly { readonly namespace: string; readonly name: string }[]> {
  const seen = `last_over_time(hairpin_probe_service_info{${clusterMatcher(cluster)}}[${endMs - startMs}ms])`;
  const series = await client.query(`group by (cluster, service_namespace, service_name) (${seen})`, endMs);
  refuseSeveralClusters(series, "Services here");
  return series.map(({ labels }) => ({ namespace: labels.service_namespace ?? "", name: labels.service_name ?? "" }));
}
