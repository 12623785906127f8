import type { Series } from "./client.ts";

/** Whose counters are read. */
export interface Subject {
  readonly namespace: string;
  readonly name: string;
  /** Value of the label `cluster`; `undefined`: there is one cluster. */
  readonly cluster: string | undefined;
}

/** What picks its series. */
export const matcherOf = ({ namespace, name, cluster }: Subject): string =>
  [`service_namespace=${quoted(namespace)}`, `service_name=${quoted(name)}`, clusterMatcher(cluster)]
    .filter((matcher) => matcher !== "")
    .join(", ");

export const clusterMatcher = (cluster: string | undefined): string =>
  cluster === undefined ? "" : `cluster=${quoted(cluster)}`;

/** A string of PromQL: its escapes are those of JSON, for what a label can hold. */
const quoted = (text: string): string => JSON.stringify(text);

/** Several clusters share this Prometheus: to add them up would say nothing of any of them. */
export class SeveralClustersError extends Error {
  override readonly name = "SeveralClustersError";
  constructor(clusters: readonly string[], what: string) {
    super(`several clusters have ${what} (${clusters.map((name) => name || "one without a name").join(", ")})`);
  }
}

/** @throws SeveralClustersError when the series are of more than one. */
export function refuseSeveralClusters(series: readonly Series[], what: string): void {
  const clusters = [...new Set(series.map(({ labels }) => labels.cluster ?? ""))];
  if (clusters.length > 1) throw new SeveralClustersError(clusters, what);
}
