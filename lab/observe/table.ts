import { styleText } from "node:util";
import type { View } from "./view.ts";

const BAR_WIDTH = 20;
const HEADINGS = ["node", "frontend in", "backend here", "attempts", "timeouts", "share", "expected"] as const;
const WIDTHS = [9, 12, 13, 9, 9, 8, 9] as const;

/** `styleText` bound to where the text goes, so that NO_COLOR and pipes are honoured. */
export type Paint = (format: Parameters<typeof styleText>[0], text: string) => string;

export const painterFor =
  (stream: NodeJS.WritableStream): Paint =>
  (format, text) =>
    styleText(format, text, { stream });

/**
 * What each node sees of each zone's frontend: attempts, timeouts, the share and what configuration implies, with a bar.
 * At most 96 columns.
 */
export function renderViews(views: readonly View[], paint: Paint): string {
  const head = HEADINGS.map((heading, i) => pad(heading, i)).join("");
  const rows = views.map((view, i) => renderView(view, views[i - 1]?.node, paint));
  return [paint("bold", head.trimEnd()), ...rows].join("\n");
}

function renderView(view: View, nodeAbove: string | undefined, paint: Paint): string {
  const share = view.attempts === 0 ? 0 : view.timeouts / view.attempts;
  const cells = [
    view.node === nodeAbove ? "" : view.node,
    view.frontendZone === "" ? "unknown" : view.frontendZone,
    view.colocated ? "yes" : "no",
    String(view.attempts),
    String(view.timeouts),
    percent(share),
    view.exposure === undefined ? "unknown" : percent(view.exposure),
  ];
  const filled = Math.round(share * BAR_WIDTH);
  const bar = paint(share > 0 ? "red" : "green", "█".repeat(filled)) + paint("dim", "·".repeat(BAR_WIDTH - filled));
  const other = view.otherFailures === 0 ? "" : paint("yellow", `  ${view.otherFailures} other failures`);
  return `${cells.map((cell, i) => pad(cell, i)).join("")}  ${bar}${other}`;
}

const pad = (text: string, column: number): string => {
  const width = WIDTHS[column] ?? 0;
  return column < 3 ? text.padEnd(width) : text.padStart(width);
};

/** A share as a terminal shows it: `33.3 %`. */
export const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
