/**
 * What the board shows: a question in each row, and the panels that answer it. board.ts makes Grafana's JSON of it.
 */
import { alertQuery } from "./alert-query.ts";
import { attempts, connectQuantile, SCOPE, SERVICE, share, shareShown, timeouts } from "./queries.ts";

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
  /** Alerts that speak of what it shows: their runbooks are linked from it. */
  readonly runbooks?: readonly string[];
  readonly transformations?: readonly { readonly id: string; readonly options: object }[];
}

export interface Row {
  readonly question: string;
  readonly panels: readonly Panel[];
}

const FRONTEND_ZONE = "service_namespace, service_name, frontend_zone";
/** Most are never exposed, and lines at zero would hide the others. */
const WAS_EXPOSED = `max by (${FRONTEND_ZONE}) (max_over_time(hairpin_probe_exposure_ratio{${SERVICE}}[$__range])) > 0`;

/** Labels that say what a Service's load balancer is, in the order in which they are read. */
const CONFIGURATION = [
  "service_namespace",
  "service_name",
  "controller",
  "target_type",
  "preserve_client_ip",
  "preserve_origin",
  "cross_zone",
  "external_traffic_policy",
  "hostname",
];

/** A table with these columns, in this order, and no others. */
const columns = (names: readonly string[], renameByName: Readonly<Record<string, string>>) => ({
  id: "organize",
  options: {
    excludeByName: Object.fromEntries(["Time", "Value"].filter((name) => !names.includes(name)).map((name) => [name, true])),
    indexByName: Object.fromEntries(names.map((name, i) => [name, i])),
    renameByName,
  },
});

/** The rows in their order: what is wrong, where, why, how slow, whether it got better, and whether the agents can be believed. */
export const ROWS: readonly Row[] = [
  {
    question: "Is any Service hairpinning now?",
    panels: [
      {
        title: "Services hairpinning now",
        description:
          "By proved hairpins, at least three in the last 15 minutes or some in the last hour: what the alert HairpinTimeouts asks, which then waits for five minutes.",
        type: "stat",
        unit: "short",
        width: 5,
        height: 5,
        queries: [
          {
            expr: `count(${alertQuery("HairpinTimeouts")}) or vector(0)`,
            legend: "Services",
          },
        ],
        thresholds: [0.5, 1],
        runbooks: ["HairpinTimeouts"],
      },
      {
        title: "Timeout share, exposed paths",
        description:
          "Share of attempts that timed out on paths where the configuration makes a hairpin possible, over the time shown.",
        type: "stat",
        unit: "percentunit",
        width: 5,
        height: 5,
        runbooks: ["HairpinTimeoutsSuspected"],
        queries: [{ expr: shareShown('exposed="true"'), legend: "exposed" }],
        thresholds: [0.001, 0.02],
      },
      {
        title: "Timeout share, other paths",
        description:
          "The same where no hairpin is possible, or the API does not tell. If this is high too, look for another cause: security groups, backends, zones.",
        type: "stat",
        unit: "percentunit",
        width: 5,
        height: 5,
        runbooks: ["InternalNLBUnreachable", "InternalNLBTimeouts"],
        queries: [{ expr: shareShown('exposed!="true"'), legend: "not exposed" }],
        thresholds: [0.001, 0.02],
      },
      {
        title: "Hairpins by Service",
        description: "Proved ones, over the time shown.",
        type: "table",
        unit: "short",
        width: 9,
        height: 5,
        queries: [
          {
            expr: `round(sum by (service_namespace, service_name) (increase(hairpin_probe_hairpins_total{${SERVICE}}[$__range]))) > 0`,
            legend: "",
            format: "table",
          },
        ],
        thresholds: [0.5, 1],
        transformations: [
          { id: "sortBy", options: { sort: [{ field: "Value", desc: true }] } },
          columns(["service_namespace", "service_name", "Value"], { Value: "hairpins" }),
        ],
      },
    ],
  },
  {
    question: "Where: from which nodes, to which Services?",
    panels: [
      {
        title: "Timeout share by node and Service",
        description: "Over the time shown. A hairpin fills the columns of the Services it concerns; a sick node fills its row.",
        type: "table",
        unit: "percentunit",
        width: 24,
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
          // Columns come in the order in which they are met.
          { id: "sortBy", options: { sort: [{ field: "service" }] } },
          {
            id: "groupingToMatrix",
            options: { rowField: "node", columnField: "service", valueField: "Value", emptyValue: "null" },
          },
          { id: "sortBy", options: { sort: [{ field: "node\\service" }] } },
        ],
      },
    ],
  },
  {
    question: "Why: does it follow what the configuration implies?",
    panels: [
      {
        title: "Timeouts by evidence",
        description:
          "Timeouts with evidence of the hairpin, by what convicts (a reset, or the stray SYN-ACK itself), beside those without: no answer at all, or not to be told.",
        type: "timeseries",
        unit: "reqps",
        width: 12,
        height: 8,
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
        title: "Failures by reason",
        description:
          "Failed attempts a second. docs/failures.md says what each reason means and what to look at next. Behind a TLS listener a hairpin is a response_timeout.",
        type: "timeseries",
        unit: "ops",
        width: 12,
        height: 8,
        queries: [
          {
            expr: `sum by (reason) (rate(hairpin_probe_failures_total{${SERVICE}}[$__rate_interval])) > 0`,
            legend: "{{reason}}",
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
        title: "Timeout share by whether a backend shares the node",
        description:
          "With ip targets and with externalTrafficPolicy Local a hairpin needs a backend on the node. With Cluster it does not: compare by exposure.",
        type: "timeseries",
        unit: "percentunit",
        width: 12,
        height: 8,
        queries: [{ expr: share("colocated"), legend: "colocated {{colocated}}" }],
      },
      {
        title: "Observed against expected share",
        description:
          "Timeout share per Service and zone of the frontend, beside the exposure that configuration and topology imply. Only where there was an exposure in the time shown.",
        type: "timeseries",
        unit: "percentunit",
        width: 12,
        height: 8,
        queries: [
          {
            expr: `${share(FRONTEND_ZONE, 'exposed!="unknown"')} and on (${FRONTEND_ZONE}) ${WAS_EXPOSED}`,
            legend: "{{service_namespace}}/{{service_name}} {{frontend_zone}} observed",
          },
          {
            expr: `avg by (${FRONTEND_ZONE}) (hairpin_probe_exposure_ratio{${SERVICE}}) and on (${FRONTEND_ZONE}) ${WAS_EXPOSED}`,
            legend: "{{service_namespace}}/{{service_name}} {{frontend_zone}} expected",
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
        height: 8,
        queries: [
          {
            expr: `sum by (service_namespace, service_name) (rate(hairpin_probe_control_failures_total{${SERVICE}}[$__rate_interval])) / sum by (service_namespace, service_name) (rate(hairpin_probe_control_attempts_total{${SERVICE}}[$__rate_interval]))`,
            legend: "{{service_namespace}}/{{service_name}}",
          },
        ],
      },
      {
        title: "Ready backends",
        description:
          "Behind each port, as EndpointSlices say; no line where they do not tell. At 0, look whether any are unready: with none at all nothing is meant to answer, and no alert pages.",
        type: "timeseries",
        unit: "short",
        width: 24,
        height: 7,
        runbooks: ["InternalNLBWithoutBackends"],
        queries: [
          {
            expr: `max by (service_namespace, service_name, service_port) (hairpin_probe_backends{${SERVICE}, ready="true"})`,
            legend: "{{service_namespace}}/{{service_name}}:{{service_port}}",
          },
          {
            expr: `max by (service_namespace, service_name, service_port) (hairpin_probe_backends{${SERVICE}, ready="false"})`,
            legend: "{{service_namespace}}/{{service_name}}:{{service_port}} unready",
          },
        ],
      },
    ],
  },
  {
    question: "How long do connections take?",
    panels: [
      {
        title: "Time to connect",
        description:
          "Successful attempts only. A band at about one second is a lost SYN, sent again: packet loss, not a hairpin.",
        type: "heatmap",
        unit: "s",
        width: 12,
        height: 8,
        runbooks: ["InternalNLBPacketLoss"],
        queries: [
          {
            expr: `sum by (le) (increase(hairpin_probe_connect_duration_seconds_bucket{${SERVICE}}[$__rate_interval]))`,
            legend: "{{le}}",
            format: "heatmap",
          },
        ],
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
    ],
  },
  {
    question: "Did a change help?",
    panels: [
      {
        title: "Timeout share by Service, with changes of the configuration",
        description:
          "The marks are changes of target type, client IP preservation, cross-zone load balancing or host name. New connections follow within a minute.",
        type: "timeseries",
        unit: "percentunit",
        width: 24,
        height: 9,
        runbooks: ["FixNotEffective"],
        queries: [{ expr: share("service_namespace, service_name"), legend: "{{service_namespace}}/{{service_name}}" }],
      },
      {
        title: "What the configuration says",
        description:
          "Handler, target type, client IP preservation and where it comes from, per Service. A change here marks before and after.",
        type: "table",
        unit: "short",
        width: 24,
        height: 8,
        runbooks: ["HairpinPossible"],
        queries: [
          {
            expr: `max by (${CONFIGURATION.join(", ")}) (hairpin_probe_service_info{${SERVICE}})`,
            legend: "",
            format: "table",
          },
        ],
        transformations: [columns(CONFIGURATION, {}), { id: "sortBy", options: { sort: [{ field: "service_name" }] } }],
      },
    ],
  },
  {
    question: "Can the agents be believed?",
    panels: [
      {
        title: "Nodes that probe",
        description: "Agents that report. Fewer than there are nodes: some nodes are not watched.",
        type: "stat",
        unit: "short",
        width: 4,
        height: 7,
        runbooks: ["HairpinProbeAbsent", "HairpinProbeAgentsMissing"],
        queries: [{ expr: `count(hairpin_probe_agent_info{${SCOPE}})`, legend: "agents" }],
      },
      {
        title: "Services that are seen and not probed",
        description: "LoadBalancer Services that the agents leave out, by reason; the largest count of any node.",
        type: "stat",
        unit: "short",
        width: 6,
        height: 7,
        queries: [{ expr: `max by (reason) (hairpin_probe_services_skipped{${SCOPE}}) > 0`, legend: "{{reason}}" }],
      },
      {
        title: "Series needed, of the budget",
        description:
          "The largest share of any node. Above 100 % ports, zones and then Services are added up instead of told apart.",
        type: "stat",
        unit: "percentunit",
        width: 4,
        height: 7,
        runbooks: ["HairpinProbeSeriesBudget"],
        queries: [
          {
            expr: `max(hairpin_probe_series_needed{${SCOPE}} / hairpin_probe_series_limit{${SCOPE}})`,
            legend: "worst node",
          },
        ],
        thresholds: [0.9, 1],
      },
      {
        title: "Attempts a second needed, of the budget",
        description: "The largest share of any node. Above 100 % those Services are attempted less often that need the most.",
        type: "stat",
        unit: "percentunit",
        width: 4,
        height: 7,
        runbooks: ["HairpinProbeOverBudget"],
        queries: [
          {
            expr: `max(hairpin_probe_attempts_per_second_needed{${SCOPE}} / hairpin_probe_attempts_per_second_limit{${SCOPE}})`,
            legend: "worst node",
          },
        ],
        thresholds: [0.9, 1],
      },
      {
        title: "Attempts discarded",
        description: "A second, by cause. What is discarded says nothing about the network, and is in no share.",
        type: "timeseries",
        unit: "ops",
        width: 6,
        height: 7,
        runbooks: ["HairpinProbeNoAttempts", "HairpinProbeBlinded"],
        queries: [{ expr: `sum by (why) (rate(hairpin_probe_discarded_total{${SCOPE}}[$__rate_interval]))`, legend: "{{why}}" }],
      },
      {
        title: "How late attempts start",
        description: "99 % start no later than this, on the worst node. Much of it means an agent that is short of CPU.",
        type: "timeseries",
        unit: "s",
        width: 12,
        height: 7,
        runbooks: ["HairpinProbeLateAttempts"],
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
        width: 12,
        height: 7,
        runbooks: ["HairpinProbeStaleDiscovery"],
        queries: [{ expr: `max(hairpin_probe_snapshot_age_seconds{${SCOPE}})`, legend: "oldest" }],
      },
    ],
  },
];
