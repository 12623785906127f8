/** The preview as a page: the board's panels in their places. */
import type { Series } from "../../lab/observe/prometheus.ts";
import type { Board, BoardPanel } from "../schema.ts";
import { drawHeatmap, drawTimeseries, escapeHtml, legendOf, type Shown } from "./charts.ts";
import { tableOf, transform } from "./transform.ts";
import { withUnit } from "./units.ts";

/** Pixels of the page, of one of the board's units of height, and around what is in a panel. */
const WIDTH = 1600;
const UNIT = 34;
const PADDING = { x: 20, y: 40 };
const COLUMNS = 24;
const BACKGROUNDS: Readonly<Record<string, string>> = { green: "#d9ead3", orange: "#fbe3c0", red: "#f4c7c3" };

const STYLE = `
body { margin: 0; padding: 16px; width: ${WIDTH}px; box-sizing: border-box; font: 13px/1.4 system-ui, "DejaVu Sans", sans-serif; background: #f4f5f5; color: #24292e; }
header { display: flex; justify-content: space-between; align-items: baseline; margin-bottom: 6px; }
h1 { font-size: 20px; margin: 0; } h2 { font-size: 15px; margin: 14px 0 6px; } h3 { font-size: 13px; margin: 0 0 4px; font-weight: 600; }
.row { display: grid; grid-template-columns: repeat(${COLUMNS}, 1fr); gap: 8px; }
section { background: #fff; border: 1px solid #dcdfe3; border-radius: 3px; padding: 8px 10px; overflow: hidden; box-sizing: border-box; }
.stat { display: flex; gap: 18px; align-items: center; justify-content: center; height: calc(100% - 30px); text-align: center; font-size: 40px; }
.stat small { display: block; font-size: 12px; }
table { border-collapse: collapse; width: 100%; } th { text-align: left; font-weight: 600; color: #2f5c9e; } td, th { padding: 4px 8px; border-bottom: 1px solid #eceef0; }
.legend { font-size: 12px; line-height: 16px; } .legend span { margin-right: 14px; white-space: nowrap; }
.legend span::before { content: ""; display: inline-block; width: 12px; height: 3px; margin-right: 5px; vertical-align: middle; background: var(--colour); }
`;

/**
 * @param answersOf - What a panel was told.
 * @param about - One line on where the data comes from.
 */
export async function renderPreview(
  board: Board,
  answersOf: (panel: BoardPanel) => Promise<readonly (readonly Series[])[]>,
  shown: Shown,
  about: string,
): Promise<string> {
  const parts: string[] = [];
  for (const panel of board.panels) {
    if (panel.type === "row") {
      parts.push(`${parts.length === 0 ? "" : "</div>"}<h2>${escapeHtml(panel.title)}</h2><div class="row">`);
      continue;
    }
    const { w, h } = panel.gridPos;
    const size = { width: Math.floor((WIDTH * w) / COLUMNS) - 2 * PADDING.x, height: h * UNIT - PADDING.y };
    const drawn = await draw(panel, await answersOf(panel), shown, size);
    const style = `grid-column: span ${w}; height: ${h * UNIT}px`;
    parts.push(`<section style="${style}"><h3>${escapeHtml(panel.title)}</h3>${drawn}</section>`);
  }
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Preview</title><style>${STYLE}</style>
<header><h1>hairpin-probe</h1><span>${escapeHtml(about)}</span></header>${parts.join("\n")}</div></html>`;
}

async function draw(
  panel: BoardPanel,
  answers: readonly (readonly Series[])[],
  shown: Shown,
  size: { readonly width: number; readonly height: number },
): Promise<string> {
  switch (panel.type) {
    case "timeseries":
      return drawTimeseries(panel, answers, shown, size);
    case "heatmap":
      return drawHeatmap(answers, shown, size);
    case "table":
      return drawTable(panel, answers[0] ?? []);
    case "stat":
      return drawStats(panel, answers);
    default:
      throw new Error(`preview: panel ${panel.title}: got type ${panel.type}, expected one that is drawn here`);
  }
}

async function drawTable(panel: BoardPanel, series: readonly Series[]): Promise<string> {
  const { unit, thresholds } = panel.fieldConfig.defaults;
  const [frame] = await transform(panel.transformations ?? [], tableOf(series));
  const fields = frame?.fields ?? [];
  const head = fields.map(({ name, config }) => `<th>${escapeHtml(config?.displayName ?? name)}</th>`).join("");
  const rows = (fields[0]?.values ?? []).map((_, i) => {
    const cells = fields.map(({ type, values }) => {
      const value = values[i];
      if (type !== "number" || typeof value !== "number") return `<td>${escapeHtml(String(value ?? ""))}</td>`;
      const colour = thresholds.steps.length > 1 ? colourOf(panel, value) : "";
      return `<td style="background:${BACKGROUNDS[colour] ?? "none"}">${withUnit(value, unit)}</td>`;
    });
    return `<tr>${cells.join("")}</tr>`;
  });
  return `<table><thead><tr>${head}</tr></thead><tbody>${rows.join("")}</tbody></table>`;
}

function drawStats(panel: BoardPanel, answers: readonly (readonly Series[])[]): string {
  const { unit } = panel.fieldConfig.defaults;
  const stats = answers.flatMap((series, i) =>
    series.map(({ metric, points }) => {
      const value = Number(points.at(-1)?.[1]);
      const name = legendOf(panel.targets[i]?.legendFormat ?? "", metric);
      const colour = { green: "#2e7d32", orange: "#b26a00", red: "#c62828" }[colourOf(panel, value)] ?? "inherit";
      return `<div style="color:${colour}">${withUnit(value, unit)}<small>${escapeHtml(name)}</small></div>`;
    }),
  );
  return `<div class="stat">${stats.join("")}</div>`;
}

/** The last step that the value reaches. */
const colourOf = ({ fieldConfig }: BoardPanel, value: number): string =>
  fieldConfig.defaults.thresholds.steps.findLast((step) => step.value === null || value >= step.value)?.color ?? "";
