/** Panels that go along in time, drawn with Observable Plot. */
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type { Series } from "../../lab/observe/prometheus.ts";
import type { BoardPanel } from "../schema.ts";
import { withUnit } from "./units.ts";

const require = createRequire(fileURLToPath(new URL("../../tools/board/package.json", import.meta.url)));

/** What is used of Observable Plot; its own types want the DOM's. */
interface Plot {
  readonly plot: (options: object) => { readonly outerHTML: string };
  readonly lineY: (data: readonly object[], options: object) => object;
  readonly ruleX: (data: readonly unknown[], options: object) => object;
  readonly rect: (data: readonly object[], options: object) => object;
}

const plot = require("@observablehq/plot") as Plot;
const { JSDOM } = require("jsdom") as {
  readonly JSDOM: new (html: string) => { readonly window: { readonly document: object } };
};
const { document } = new JSDOM("").window;

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Times in milliseconds since the epoch. */
export interface Shown {
  readonly startMs: number;
  readonly endMs: number;
  /** Where the configuration changed. */
  readonly marksMs: readonly number[];
}

const COLOURS = ["#3a7d44", "#c8553d", "#2f6690", "#e0a458", "#6d597a", "#4d9078", "#b56576", "#577590", "#8a5a44", "#7f7f7f"];
/** Pixels. */
const LEGEND_LINE = 16;
const MARK_COLOUR = "#1f60c4";
const MARGINS = { marginLeft: 52, marginRight: 8, marginTop: 8, marginBottom: 22 };

/** @param legends - One for each query: labels in double braces. */
export function drawTimeseries(panel: BoardPanel, answers: readonly (readonly Series[])[], shown: Shown, size: Size): string {
  const { unit } = panel.fieldConfig.defaults;
  const named = answers.flatMap((series, i) =>
    series.map(({ metric, points }) => ({ name: legendOf(panel.targets[i]?.legendFormat ?? "", metric), points })),
  );
  const names = [...new Set(named.map(({ name }) => name))];
  const rows = named.flatMap(({ name, points }) =>
    points.map(([seconds, value]) => ({ name, time: new Date(seconds * 1000), value: Number(value) })),
  );
  const values = rows.map(({ value }) => value).filter(Number.isFinite);
  const legend = names
    .map((name, i) => `<span style="--colour:${COLOURS[i % COLOURS.length]}">${escapeHtml(name)}</span>`)
    .join("");
  const chart = plot.plot({
    document,
    ...size,
    height: size.height - LEGEND_LINE * linesOf(names, size.width),
    ...MARGINS,
    x: axisOf(shown),
    y: {
      domain: [0, Math.max(...values, 0) || 0.01],
      nice: true,
      grid: true,
      ticks: 4,
      label: null,
      tickFormat: (value: number) => withUnit(value, unit),
    },
    color: { domain: names, range: names.map((_, i) => COLOURS[i % COLOURS.length]) },
    marks: [
      plot.lineY(rows, { x: "time", y: "value", stroke: "name", strokeWidth: 1.6 }),
      plot.ruleX(
        shown.marksMs.map((ms) => new Date(ms)),
        { stroke: MARK_COLOUR, strokeDasharray: "4,3", strokeWidth: 1.5 },
      ),
    ],
  });
  return `${chart.outerHTML}<div class="legend">${legend}</div>`;
}

/** Buckets count what is at most their edge: each cell is what it has more than the one below. */
export function drawHeatmap(answers: readonly (readonly Series[])[], shown: Shown, size: Size): string {
  const series = [...(answers[0] ?? [])].sort((a, b) => edgeOf(a) - edgeOf(b));
  const stepMs = series[0] === undefined ? 0 : ((series[0].points[1]?.[0] ?? 0) - (series[0].points[0]?.[0] ?? 0)) * 1000;
  const cells = series.flatMap(({ points }, i) =>
    points.flatMap(([seconds, value]) => {
      const below = Number(series[i - 1]?.points.find(([at]) => at === seconds)?.[1] ?? 0);
      const count = Number(value) - below;
      const x1 = new Date(seconds * 1000 - stepMs);
      return count > 0.01 ? [{ x1, x2: new Date(seconds * 1000), y1: i, y2: i + 1, count }] : [];
    }),
  );
  return plot.plot({
    document,
    ...size,
    ...MARGINS,
    x: axisOf(shown),
    y: {
      domain: [0, series.length],
      ticks: series.map((_, i) => i + 1),
      tickFormat: (i: number) => (Number.isFinite(edgeOf(series[i - 1])) ? withUnit(edgeOf(series[i - 1]), "s") : "more"),
      label: null,
    },
    color: { type: "log", scheme: "YlOrRd" },
    marks: [plot.rect(cells, { x1: "x1", x2: "x2", y1: "y1", y2: "y2", fill: "count", inset: 0 })],
  }).outerHTML;
}

const edgeOf = (series: Series | undefined): number => Number((series?.metric.le ?? "").replace("+Inf", "Infinity"));

const axisOf = ({ startMs, endMs }: Shown): object => ({
  type: "utc",
  domain: [new Date(startMs), new Date(endMs)],
  ticks: 6,
  tickFormat: (at: Date) => at.toISOString().slice(11, 16),
  label: null,
});

/** Lines that the legend takes: a character is some seven pixels wide. */
const linesOf = (names: readonly string[], width: number): number =>
  Math.ceil(names.reduce((sum, name) => sum + 31 + 7 * name.length, 0) / width);

export const legendOf = (format: string, labels: Readonly<Record<string, string>>): string =>
  format.replaceAll(/\{\{(\w+)\}\}/g, (_, label: string) => labels[label] ?? "");

export const escapeHtml = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
