/** What the reader of the board can choose. */
import { QueryVariableBuilder, VariableRefresh, VariableSort } from "@grafana/grafana-foundation-sdk/dashboard";
import { DATASOURCE } from "./panel.ts";

/** @param allValue - What stands for all: `.+` leaves out series without the label. */
const queryVariable = (name: string, label: string, query: string, allValue = ".+"): QueryVariableBuilder =>
  new QueryVariableBuilder(name)
    .label(label)
    .datasource(DATASOURCE)
    .query({ query, refId: `variable-${name}`, qryType: 1 })
    .definition(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc)
    .includeAll(true)
    .multi(true)
    .allValue(allValue)
    .current({ text: "All", value: "$__all" });

/** In the order in which they are chosen. */
export const VARIABLES: readonly QueryVariableBuilder[] = [
  // Clusters are told apart only where the monitoring adds the label.
  queryVariable("cluster", "Cluster", "label_values(hairpin_probe_agent_info, cluster)", ".*"),
  queryVariable("job", "Job", 'label_values(hairpin_probe_agent_info{cluster=~"$cluster"}, job)'),
  queryVariable("instance", "Instance", 'label_values(hairpin_probe_agent_info{cluster=~"$cluster", job=~"$job"}, instance)'),
  queryVariable("node", "Node", 'label_values(hairpin_probe_agent_info{cluster=~"$cluster", job=~"$job"}, node)'),
  queryVariable(
    "service_namespace",
    "Namespace",
    'label_values(hairpin_probe_frontends{cluster=~"$cluster", job=~"$job"}, service_namespace)',
  ),
  queryVariable(
    "service_name",
    "Service",
    'label_values(hairpin_probe_frontends{cluster=~"$cluster", job=~"$job", service_namespace=~"$service_namespace"}, service_name)',
  ),
];

/**
 * A query of the board as Grafana sends it when all is chosen.
 *
 * @param times - What Grafana works out of the time shown and the scrape interval, as durations of PromQL.
 */
export function withAllChosen(query: string, times: { readonly rateInterval: string; readonly range: string }): string {
  const values = VARIABLES.map((builder) => builder.build());
  return values
    .reduce((text, { name, allValue = "" }) => text.replaceAll(`"$${name}"`, `"${allValue}"`), query)
    .replaceAll("$__rate_interval", times.rateInterval)
    .replaceAll("$__range", times.range);
}
