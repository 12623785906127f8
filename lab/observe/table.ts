import { styleText } from "node:util";
import type { Paint } from "../../src/terminal/text.ts";
import type { View } from "./view.ts";

const BAR_WIDTH = 8;
const HEADINGS = ["node", "frontend in", "backend", "attempts", "timeouts", "evidence", "share", "expected"] as const;
const WIDTHS = [8, 12, 8, 10, 10, 10, 9, 10] as const;

export const painterFor =
  (stream: NodeJS.WritableStream): Paint =>
  (format, text) =>
    styleText(format, text, { stream });

/**
 * What each node sees of each zone's frontend: attempts, timeouts, those with evidence of a hairpin, the share and what
 * configuration implies, and what the agent calls it.
 * At most 100 columns.
 */
export function renderViews(views: readonly View[], paint: Paint): string {
  const head = HEADINGS.map((heading, i) => pad(heading, i)).join("");
  const rows = views.map((view, i) => renderView(view, views[i - 1]?.node, paint));
  return [paint("bold", `${head}  ${"".padEnd(BAR_WIDTH)}  diagnosis`), ...rows].join("\n");
}

function renderView(view: View, nodeAbove: string | undefined, paint: Paint): string {
  const share = view.attempts === 0 ? 0 : view.timeouts / view.attempts;
  const cells = [
    view.node === nodeAbove ? "" : view.node,
    view.frontendZone === "" ? "unknown" : view.frontendZone,
    view.colocated ? "yes" : "no",
    String(view.attempts),
    String(view.timeouts),
    String(view.hairpins),
    percent(share),
    view.exposure === undefined ? "unknown" : percent(view.exposure),
  ];
  const filled = Math.round(share * BAR_WIDTH);
  const bar = paint(share > 0 ? "red" : "green", "█".repeat(filled)) + paint("dim", "·".repeat(BAR_WIDTH - filled));
  const other = view.otherFailures === 0 ? "" : paint("yellow", `  ${view.otherFailures} other failures`);
  const cause =
    view.cause === undefined
      ? ""
      : `  ${paint(view.cause === "healthy" ? "green" : view.cause === "undecided" || view.cause === "unmeasured" ? "dim" : "red", view.cause)}`;
  return `${cells.map((cell, i) => pad(cell, i)).join("")}  ${bar}${cause}${other}`;
}

const pad = (text: string, column: number): string => {
  const width = WIDTHS[column] ?? 0;
  return column < 3 ? text.padEnd(width) : text.padStart(width);
};

/** A share as a terminal shows it: `33.3 %`. */
export const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
