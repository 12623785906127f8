import { percent } from "../domain/percent.ts";
import { type Html, html, NOTHING } from "../terminal/html.ts";
import { plain, wrapped } from "../terminal/text.ts";
import type { Verdict } from "./judge.ts";
import {
  type Comparison,
  changesOf,
  comparisonsOf,
  lengthOf,
  type Share,
  timeOf,
  VERDICT_WORDS,
  type VerifyReport,
} from "./report.ts";

/** Pixels. */
const WIDTH = 860;
const MARGIN = 28;
const LINE = 20;
const BAR = 16;
const BAR_LEFT = 300;
const BAR_WIDTH = 320;
const ROW = 2 * BAR + 22;
/** Characters of a sentence on a line: some seven pixels each, and six. */
const [PROSE, QUIET_PROSE] = [108, 126];

const VERDICT_COLOURS: Readonly<Record<Verdict, string>> = { fixed: "#1a7f37", not_fixed: "#cf222e", inconclusive: "#9a6700" };
const STYLE = `
    .ground { fill: #ffffff; } .text { fill: #1f2328; } .quiet { fill: #57606a; font-size: 12px; }
    .track { fill: #eaeef2; } .before { fill: #cf222e; } .after { fill: #1f6feb; } .range { stroke: #1f2328; stroke-width: 1.5; }
  `;

/**
 * Before and after as a picture: for each comparison two bars with their exact 95 % intervals, all on one scale, which begins at 0 and ends
 * above the widest interval of them, so that small shares are seen.
 *
 * @param reports - One below the other.
 */
export function renderSvg(reports: readonly VerifyReport[]): string {
  let top = 0;
  const cards = reports.map((report) => {
    const { height, markup } = card(report);
    const placed = html`<g transform="translate(0 ${top})">${markup}</g>`;
    top += height;
    return placed;
  });
  const height = Math.max(top, 2 * MARGIN);
  const told = reports.map(({ service, judgement }) => `${plain(service)}: ${VERDICT_WORDS[judgement.verdict]}`).join("; ");
  return `${
    html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-labelledby="title" font-family="system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif" font-size="14">
  <title id="title">${told}</title>
  <style>${STYLE}</style>
  <rect class="ground" width="${WIDTH}" height="${height}"/>
${cards}
</svg>`.text
  }\n`;
}

function card(report: VerifyReport): { readonly height: number; readonly markup: Html } {
  const { service, judgement, before, after, changedAtMs } = report;
  const comparisons = comparisonsOf(report);
  const scale = scaleOf(comparisons);
  let y = MARGIN + 8;
  const heading = html`<text x="${MARGIN}" y="${y}" font-size="20" font-weight="600" class="text">${plain(service)} <tspan fill="${VERDICT_COLOURS[judgement.verdict]}">${VERDICT_WORDS[judgement.verdict]}</tspan></text>`;
  y += 8;
  const prose = (text: string, kind: "text" | "quiet"): Html[] =>
    wrapped(plain(text), kind === "text" ? PROSE : QUIET_PROSE, "")
      .split("\n")
      .map((line) => {
        y += LINE;
        return html`<text x="${MARGIN}" y="${y}" class="${kind}">${line}</text>`;
      });
  const reasons = judgement.because.flatMap((sentence) => prose(sentence, "text"));
  const change = [`Change: ${timeOf(changedAtMs)}`, ...changesOf(report)].join("; ");
  const spans = [before.span, after.span].map(({ startMs, endMs }) => `${lengthOf(endMs - startMs)} from ${timeOf(startMs)}`);
  const facts = [...prose(change, "quiet"), ...prose(`Before: ${spans[0]}. After: ${spans[1]}.`, "quiet")];
  y += LINE;
  const rows = comparisons.map((comparison) => {
    const drawn = row(comparison, y, scale);
    y += ROW;
    return drawn;
  });
  const axis = comparisons.length === 0 ? NOTHING : axisAt(y, scale);
  return { height: y + MARGIN + LINE, markup: html`${[heading, ...reasons, ...facts, ...rows, axis]}` };
}

function row({ title, what, before, after }: Comparison, y: number, scale: number): Html {
  return html`<g><text x="${MARGIN}" y="${y + BAR - 3}" class="text">${title},</text><text x="${MARGIN}" y="${y + 2 * BAR}" class="text">${what}</text>
${bar("before", before, y, scale)}
${bar("after", after, y + BAR + 3, scale)}</g>`;
}

function bar(kind: "before" | "after", { hits, of, share, low, high }: Share, y: number, scale: number): Html {
  const x = (value: number): string => (BAR_LEFT + (value / scale) * BAR_WIDTH).toFixed(1);
  const middle = y + BAR / 2;
  const label = html`<text x="${BAR_LEFT - 8}" y="${middle + 4}" text-anchor="end" class="quiet">${kind}</text><rect class="track" x="${BAR_LEFT}" y="${y}" width="${BAR_WIDTH}" height="${BAR}"/>`;
  const at = BAR_LEFT + BAR_WIDTH + 10;
  if (share === undefined) return html`${[label]}<text x="${at}" y="${middle + 4}" class="quiet">no attempts</text>`;
  return html`${[label]}<rect class="${kind}" x="${BAR_LEFT}" y="${y}" width="${((share / scale) * BAR_WIDTH).toFixed(1)}" height="${BAR}"/><path class="range" fill="none" d="M${x(low)} ${middle}H${x(high)}M${x(low)} ${middle - 4}v8M${x(high)} ${middle - 4}v8"/><text x="${at}" y="${middle + 4}" class="quiet">${percent(share)}: ${hits} of ${of} (${percent(low)} to ${percent(high)})</text>`;
}

/** The smallest of these that holds every interval. */
const SCALES = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5];
const scaleOf = (comparisons: readonly Comparison[]): number => {
  const shares = comparisons.flatMap(({ before, after }) => [before, after]).filter(({ share }) => share !== undefined);
  const most = Math.max(0, ...shares.map(({ high }) => high));
  return SCALES.find((scale) => scale >= most) ?? 1;
};

const axisAt = (y: number, scale: number): Html =>
  html`${[0, 0.5, 1].map(
    (part) =>
      html`<text x="${BAR_LEFT + part * BAR_WIDTH}" y="${y + 8}" text-anchor="middle" class="quiet">${percent(part * scale)}</text>`,
  )}<text x="${MARGIN}" y="${y + 8}" class="quiet">share, with its 95 % interval</text>`;
