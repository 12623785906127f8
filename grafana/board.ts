/**
 * The Grafana board as data: `npm run board` writes grafana/hairpin-probe.json, a test holds the file to it.
 *
 * The classic schema, at a version that Grafana 10 and newer migrate by themselves; a fixed uid, so that links to it last.
 */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { PANELS, type Panel } from "./panels.ts";

const DATASOURCE = { type: "prometheus", uid: "$datasource" } as const;

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
