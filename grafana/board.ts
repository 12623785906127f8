/**
 * The Grafana board as data: `npm run board` writes grafana/hairpin-probe.json, a test holds the file to it.
 *
 * The classic schema, at a version that Grafana 10 and newer migrate by themselves; a fixed uid, so that links to it last.
 */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const DATASOURCE = { type: "prometheus", uid: "$datasource" } as const;
/** What every selector carries: the monitor's labels first, so that several installations can share a Prometheus. */
const SCOPE = 'job=~"$job", instance=~"$instance", node=~"$node"';
const SERVICE = `${SCOPE}, service_namespace=~"$service_namespace", service_name=~"$service_name"`;
const TIMEOUTS = `hairpin_probe_failures_total{${SERVICE}, reason="connect_timeout"}`;
const ATTEMPTS = `hairpin_probe_attempts_total{${SERVICE}}`;

interface Panel {
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

const share = (by: string): string =>
  `sum by (${by}) (rate(${TIMEOUTS}[$__rate_interval])) / sum by (${by}) (rate(${ATTEMPTS}[$__rate_interval]))`;

const PANELS: readonly Panel[] = [
  {
    title: "Timeout share, exposed paths",
    description:
      "Share of attempts that timed out on paths where the configuration makes a hairpin possible, over the time shown.",
    type: "stat",
    unit: "percentunit",
    width: 6,
    height: 5,
    queries: [
      {
        expr: `sum(increase(hairpin_probe_failures_total{${SERVICE}, reason="connect_timeout", exposed="true"}[$__range])) / sum(increase(hairpin_probe_attempts_total{${SERVICE}, exposed="true"}[$__range]))`,
        legend: "exposed",
      },
    ],
    thresholds: [0.001, 0.02],
  },
  {
    title: "Timeout share, other paths",
    description:
      "The same where no hairpin is possible. If this is high too, look for another cause: security groups, backends, zones.",
    type: "stat",
    unit: "percentunit",
    width: 6,
    height: 5,
    queries: [
      {
        expr: `sum(increase(hairpin_probe_failures_total{${SERVICE}, reason="connect_timeout", exposed!="true"}[$__range])) / sum(increase(hairpin_probe_attempts_total{${SERVICE}, exposed!="true"}[$__range]))`,
        legend: "not exposed",
      },
    ],
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
        expr: `sum by (node, service_name) (increase(${TIMEOUTS}[$__range])) / sum by (node, service_name) (increase(${ATTEMPTS}[$__range]))`,
        legend: "",
        format: "table",
      },
    ],
    thresholds: [0.001, 0.02],
    transformations: [
      {
        id: "groupingToMatrix",
        options: { rowField: "node", columnField: "service_name", valueField: "Value", emptyValue: "null" },
      },
    ],
  },
  {
    title: "Observed against expected share",
    description: "Timeout share per Service and zone of the frontend, beside the exposure that configuration and topology imply.",
    type: "timeseries",
    unit: "percentunit",
    width: 12,
    height: 10,
    queries: [
      { expr: share("service_name, frontend_zone"), legend: "{{service_name}} {{frontend_zone}} observed" },
      {
        expr: `avg by (service_name, frontend_zone) (hairpin_probe_exposure_ratio{${SERVICE}})`,
        legend: "{{service_name}} {{frontend_zone}} expected",
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
    description: "Failed attempts a second. docs/failures.md says what each reason means and what to look at next.",
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
    title: "The agents themselves",
    description:
      "Attempts discarded a second, and the age of the oldest discovery snapshot. What is discarded says nothing about the network.",
    type: "timeseries",
    unit: "short",
    width: 12,
    height: 8,
    queries: [
      { expr: `sum by (why) (rate(hairpin_probe_discarded_total{${SCOPE}}[$__rate_interval]))`, legend: "discarded: {{why}} /s" },
      { expr: `max(hairpin_probe_snapshot_age_seconds{${SCOPE}})`, legend: "oldest snapshot (s)" },
    ],
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

function renderPanel(panel: Panel, id: number, gridPos: object): object {
  const colours = ["green", "orange", "red"];
  const steps = [null, ...(panel.thresholds ?? [])].map((value, i) => ({ color: colours[i] ?? "red", value }));
  const instant = panel.type === "table" || panel.type === "stat";
  return {
    id,
    type: panel.type,
    title: panel.title,
    description: panel.description,
    datasource: DATASOURCE,
    gridPos,
    targets: panel.queries.map(({ expr, legend, format }, i) => ({
      refId: String.fromCharCode(65 + i),
      datasource: DATASOURCE,
      expr,
      legendFormat: legend,
      format: format ?? "time_series",
      instant,
      range: !instant,
    })),
    fieldConfig: {
      defaults: {
        unit: panel.unit,
        thresholds: { mode: "absolute", steps },
        color: { mode: panel.thresholds === undefined ? "palette-classic" : "thresholds" },
        custom: panel.type === "table" && panel.thresholds !== undefined ? { cellOptions: { type: "color-background" } } : {},
      },
      overrides: [],
    },
    options: {
      ...(panel.type === "stat" ? { reduceOptions: { calcs: ["lastNotNull"], fields: "", values: false } } : {}),
      ...panel.options,
    },
    transformations: panel.transformations ?? [],
  };
}

const queryVariable = (name: string, label: string, query: string): object => ({
  name,
  label,
  type: "query",
  datasource: DATASOURCE,
  query: { query, refId: `variable-${name}`, qryType: 1 },
  definition: query,
  refresh: 2,
  includeAll: true,
  multi: true,
  allValue: ".+",
  current: { text: "All", value: "$__all" },
  sort: 1,
});

/** The board, as Grafana reads it. Panels are laid out in rows of 24 columns, in their order. */
export function renderBoard(): object {
  let [x, y, rowHeight] = [0, 0, 0];
  const panels = PANELS.map((panel, i) => {
    if (x + panel.width > 24) [x, y, rowHeight] = [0, y + rowHeight, 0];
    const gridPos = { x, y, w: panel.width, h: panel.height };
    x += panel.width;
    rowHeight = Math.max(rowHeight, panel.height);
    return renderPanel(panel, i + 1, gridPos);
  });
  return {
    uid: "hairpin-probe",
    title: "hairpin-probe",
    description: "Connections from pods to internal NLBs: what times out, from where, and whether the configuration makes it so.",
    tags: ["hairpin-probe", "nlb"],
    schemaVersion: 39,
    editable: false,
    graphTooltip: 1,
    refresh: "1m",
    time: { from: "now-3h", to: "now" },
    timezone: "",
    annotations: { list: [] },
    links: [],
    templating: {
      list: [
        { name: "datasource", label: "Data source", type: "datasource", query: "prometheus", refresh: 1, current: {} },
        queryVariable("job", "Job", "label_values(hairpin_probe_agent_info, job)"),
        queryVariable("instance", "Instance", 'label_values(hairpin_probe_agent_info{job=~"$job"}, instance)'),
        queryVariable("node", "Node", 'label_values(hairpin_probe_agent_info{job=~"$job"}, node)'),
        queryVariable("service_namespace", "Namespace", 'label_values(hairpin_probe_frontends{job=~"$job"}, service_namespace)'),
        queryVariable(
          "service_name",
          "Service",
          'label_values(hairpin_probe_frontends{job=~"$job", service_namespace=~"$service_namespace"}, service_name)',
        ),
      ],
    },
    panels,
  };
}

const FILE = new URL("./hairpin-probe.json", import.meta.url);

if (import.meta.main) writeFileSync(fileURLToPath(FILE), `${JSON.stringify(renderBoard(), null, 2)}\n`);
