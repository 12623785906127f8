/**
 * What the board shows: every panel with its queries. board.ts makes Grafana's JSON of it.
 */

/** What every selector carries: the monitor's labels first, so that several installations can share a Prometheus. */
const SCOPE = 'job=~"$job", instance=~"$instance", node=~"$node"';
const SERVICE = `${SCOPE}, service_namespace=~"$service_namespace", service_name=~"$service_name"`;
const timeouts = (also = ""): string =>
  `hairpin_probe_failures_total{${SERVICE}, reason="connect_timeout"${also && `, ${also}`}}`;
const attempts = (also = ""): string => `hairpin_probe_attempts_total{${SERVICE}${also && `, ${also}`}}`;

/** One panel, without what follows from its place and kind. */
export interface Panel {
  readonly title: string;
  readonly description: string;
  readonly type: "stat" | "table" | "timeseries" | "heatmap";
  readonly unit: string;
  readonly width: number;
  readonly height: number;
  readonly queries: readonly { readonly expr: string; readonly legend: string; readonly format?: "table" | "heatmap" }[];
  readonly thresholds?: readonly number[];
  readonly transformations?: readonly object[];
  readonly options?: object;
}

/** Share of attempts that timed out, as it goes along. @param also - A further matcher. */
const share = (by: string, also?: string): string =>
  `sum by (${by}) (rate(${timeouts(also)}[$__rate_interval])) / sum by (${by}) (rate(${attempts(also)}[$__rate_interval]))`;

/** The same over the time that the board shows, as one number. */
const shareShown = (also: string): string =>
  `sum(increase(${timeouts(also)}[$__range])) / sum(increase(${attempts(also)}[$__range]))`;

const connectQuantile = (quantile: number): string =>
  `histogram_quantile(${quantile}, sum by (colocated, le) (rate(hairpin_probe_connect_duration_seconds_bucket{${SERVICE}}[$__rate_interval])))`;

/** The panels in their order: what is wrong, where, whether the configuration explains it, and whether the agents can be believed. */
export const PANELS: readonly Panel[] = [
  {
    title: "Timeout share, exposed paths",
    description:
      "Share of attempts that timed out on paths where the configuration makes a hairpin possible, over the time shown.",
    type: "stat",
    unit: "percentunit",
    width: 6,
    height: 5,
    queries: [{ expr: shareShown('exposed="true"'), legend: "exposed" }],
    thresholds: [0.001, 0.02],
  },
  {
    title: "Timeout share, other paths",
    description:
      "The same where no hairpin is possible, or the API does not tell. If this is high too, look for another cause: security groups, backends, zones.",
    type: "stat",
    unit: "percentunit",
    width: 6,
    height: 5,
    queries: [{ expr: shareShown('exposed!="true"'), legend: "not exposed" }],
    thresholds: [0.001, 0.02],
  },
  {
    title: "Nodes that probe",
    description: "Agents that report. Fewer than there are nodes: some nodes are not watched.",
    type: "stat",
    unit: "short",
    width: 6,
    height: 5,
    queries: [{ expr: `count(hairpin_probe_agent_info{${SCOPE}})`, legend: "agents" }],
  },
  {
    title: "Services that are seen and not probed",
    description: "LoadBalancer Services that the agents leave out, by reason; the largest count of any node.",
    type: "stat",
    unit: "short",
    width: 6,
    height: 5,
    queries: [{ expr: `max by (reason) (hairpin_probe_services_skipped{${SCOPE}}) > 0`, legend: "{{reason}}" }],
  },
  {
    title: "Timeout share by node and Service",
    description: "Over the time shown. A hairpin fills the columns of the Services it concerns; a sick node fills its row.",
    type: "table",
    unit: "percentunit",
    width: 12,
    height: 10,
    queries: [
      {
        // One column a Service: the matrix takes one label, and the name alone would add up the Services of two namespaces.
        expr: `label_join(sum by (node, service_namespace, service_name) (increase(${timeouts()}[$__range])) / sum by (node, service_namespace, service_name) (increase(${attempts()}[$__range])), "service", "/", "service_namespace", "service_name")`,
        legend: "",
        format: "table",
      },
    ],
    thresholds: [0.001, 0.02],
    transformations: [
      {
        id: "groupingToMatrix",
        options: { rowField: "node", columnField: "service", valueField: "Value", emptyValue: "null" },
      },
    ],
  },
  {
    title: "Timeouts by evidence",
    description:
      "Timeouts with evidence of the hairpin, by what convicts (a reset, or the stray SYN-ACK itself), beside those without: no answer at all, or not to be told.",
    type: "timeseries",
    unit: "reqps",
    width: 12,
    height: 10,
    queries: [
      {
        expr: `sum by (evidence) (rate(hairpin_probe_hairpins_total{${SERVICE}}[$__rate_interval]))`,
        legend: "hairpin, {{evidence}}",
      },
      {
        expr: `sum(rate(${timeouts()}[$__rate_interval])) - sum(rate(hairpin_probe_hairpins_total{${SERVICE}}[$__rate_interval]))`,
        legend: "without evidence",
      },
    ],
  },
  {
    title: "Failures past the NLB",
    description:
      "Share of control attempts, to the Service's ClusterIP, that failed. High here and through the NLB: the backends are down. High through the NLB alone: its path is broken.",
    type: "timeseries",
    unit: "percentunit",
    width: 12,
    height: 10,
    queries: [
      {
        expr: `sum by (service_namespace, service_name) (rate(hairpin_probe_control_failures_total{${SERVICE}}[$__rate_interval])) / sum by (service_namespace, service_name) (rate(hairpin_probe_control_attempts_total{${SERVICE}}[$__rate_interval]))`,
        legend: "{{service_namespace}}/{{service_name}}",
      },
    ],
  },
  {
    title: "Observed against expected share",
    description:
      "Timeout share per Service and zone of the frontend, beside the exposure that configuration and topology imply. Only paths whose exposure is known.",
    type: "timeseries",
    unit: "percentunit",
    width: 12,
    height: 10,
    queries: [
      {
        expr: share("service_namespace, service_name, frontend_zone", 'exposed!="unknown"'),
        legend: "{{service_namespace}}/{{service_name}} {{frontend_zone}} observed",
      },
      {
        expr: `avg by (service_namespace, service_name, frontend_zone) (hairpin_probe_exposure_ratio{${SERVICE}})`,
        legend: "{{service_namespace}}/{{service_name}} {{frontend_zone}} expected",
      },
    ],
  },
  {
    title: "Timeout share by exposure",
    description: "A hairpin shows where exposed is true, and only there.",
    type: "timeseries",
    unit: "percentunit",
    width: 12,
    height: 8,
    queries: [{ expr: share("exposed"), legend: "exposed {{exposed}}" }],
  },
  {
    title: "Failures by reason",
    description:
      "Failed attempts a second. docs/failures.md says what each reason means and what to look at next. Behind a TLS listener a hairpin is a response_timeout.",
    type: "timeseries",
    unit: "ops",
    width: 12,
    height: 8,
    queries: [
      { expr: `sum by (reason) (rate(hairpin_probe_failures_total{${SERVICE}}[$__rate_interval])) > 0`, legend: "{{reason}}" },
    ],
  },
  {
    title: "Time to connect",
    description: "Successful attempts only. A band at about one second is a lost SYN, sent again: packet loss, not a hairpin.",
    type: "heatmap",
    unit: "s",
    width: 12,
    height: 8,
    queries: [
      {
        expr: `sum by (le) (increase(hairpin_probe_connect_duration_seconds_bucket{${SERVICE}}[$__rate_interval]))`,
        legend: "{{le}}",
        format: "heatmap",
      },
    ],
    options: { calculate: false, yAxis: { unit: "s" } },
  },
  {
    title: "Time to connect, quantiles",
    description: "Successful attempts only, by whether the node hosts a ready backend of the Service.",
    type: "timeseries",
    unit: "s",
    width: 12,
    height: 8,
    queries: [
      { expr: connectQuantile(0.5), legend: "median, colocated {{colocated}}" },
      { expr: connectQuantile(0.99), legend: "99 %, colocated {{colocated}}" },
    ],
  },
  {
    title: "Attempts discarded",
    description: "A second, by cause. What is discarded says nothing about the network, and is in no share.",
    type: "timeseries",
    unit: "ops",
    width: 8,
    height: 7,
    queries: [{ expr: `sum by (why) (rate(hairpin_probe_discarded_total{${SCOPE}}[$__rate_interval]))`, legend: "{{why}}" }],
  },
  {
    title: "How late attempts start",
    description: "99 % start no later than this, on the worst node. Much of it means an agent that is short of CPU.",
    type: "timeseries",
    unit: "s",
    width: 8,
    height: 7,
    queries: [
      {
        expr: `max(histogram_quantile(0.99, sum by (node, le) (rate(hairpin_probe_start_lateness_seconds_bucket{${SCOPE}}[$__rate_interval]))))`,
        legend: "worst node",
      },
    ],
  },
  {
    title: "Age of the discovery snapshot",
    description: "The oldest of any node. It grows while the API server is away; probing goes on with what is known.",
    type: "timeseries",
    unit: "s",
    width: 8,
    height: 7,
    queries: [{ expr: `max(hairpin_probe_snapshot_age_seconds{${SCOPE}})`, legend: "oldest" }],
  },
  {
    title: "What the configuration says",
    description:
      "Handler, target type, client IP preservation and where it comes from, per Service. A change here marks before and after.",
    type: "table",
    unit: "short",
    width: 24,
    height: 7,
    queries: [
      {
        expr: `max by (service_namespace, service_name, controller, target_type, preserve_client_ip, preserve_origin, cross_zone, external_traffic_policy, hostname) (hairpin_probe_service_info{${SERVICE}})`,
        legend: "",
        format: "table",
      },
    ],
    transformations: [{ id: "organize", options: { excludeByName: { Time: true, Value: true } } }],
  },
];
