import { percent } from "../domain/percent.ts";
import { type Column, renderTable } from "../terminal/table.ts";
import { MAX_PROSE_WIDTH, type Paint, plain, wrapped } from "../terminal/text.ts";
import type { Tally } from "./arms.ts";
import { VERDICT_WORDS, type VerifyReport } from "./report.ts";
import { countsText, overallVerdict, type Standing, sortReports, standingOf, type VerifyResult } from "./summary.ts";
import { COLOURS } from "./text.ts";

const MIN_WIDTH = 60;
/** Names that a sentence lists. */
const MAX_NAMES = 8;

export const STANDING_WORDS: Readonly<Record<Standing, string>> = { ...VERDICT_WORDS, nothing_to_fix: "NOTHING TO FIX" };

const WHOLE = Number.POSITIVE_INFINITY;
const COLUMNS: readonly Column<VerifyReport>[] = [
  { heading: "VERDICT", minWidth: WHOLE, expendable: 0, cell: (report) => STANDING_WORDS[standingOf(report)] },
  { heading: "SERVICE", minWidth: 24, expendable: 0, cell: ({ service }) => plain(service) },
  { heading: "BEFORE", minWidth: WHOLE, expendable: 0, cell: ({ judgement }) => shareText(judgement.arms.exposed.before) },
  { heading: "AFTER", minWidth: WHOLE, expendable: 0, cell: ({ judgement }) => shareText(judgement.arms.exposed.after) },
];

/** Share of timeouts on the paths that were exposed. */
export const shareText = ({ attempts, timeouts }: Tally): string =>
  attempts === 0 ? "no attempts" : `${percent(timeouts / attempts)} (${timeouts} of ${attempts})`;

/**
 * Many Services as a terminal shows them: a line each, the worst first, and why for those that are not fixed.
 *
 * @param terminalWidth - Columns; `Infinity` for a pipe.
 */
export function renderSummaryText(result: VerifyResult, terminalWidth: number, paint: Paint): string {
  const tableWidth = Math.max(MIN_WIDTH, terminalWidth);
  const width = Math.min(MAX_PROSE_WIDTH, tableWidth);
  const reports = sortReports(result.reports);
  const verdict = overallVerdict(reports);
  const [head = "", ...rows] = renderTable(COLUMNS, reports, tableWidth, (heading, text, report) => {
    const standing = standingOf(report);
    return heading === "VERDICT" && standing !== "nothing_to_fix" ? paint(COLOURS[standing], text) : text;
  });
  const reasons = reports
    .filter((report) => ["not_fixed", "inconclusive"].includes(standingOf(report)))
    .map(({ service, judgement }) => [
      `  ${paint("bold", plain(service))}`,
      ...judgement.because.map((sentence) => wrapped(plain(sentence), width, "    ", "    ")),
    ]);
  const warnings = new Set(reports.flatMap((report) => report.warnings));
  const sections = [
    `${paint([COLOURS[verdict], "bold"], VERDICT_WORDS[verdict])}\n${wrapped(countsText(result), width, "  ", "  ")}`,
    [paint("bold", head), ...rows].join("\n"),
    ...reasons.map((lines) => lines.join("\n")),
    notJudgedText(result, width),
    [...warnings].map((warning) => wrapped(`Warning: ${plain(warning)}`, width, "  ")).join("\n"),
  ];
  return `${sections.filter((section) => section !== "").join("\n\n")}\n`;
}

/** Each reason once, with those that it holds for: most Services of a cluster do not change. */
function notJudgedText({ notJudged }: VerifyResult, width: number): string {
  const byReason = Map.groupBy(notJudged, ({ why }) => why);
  return [...byReason]
    .map(([why, those]) => {
      const names = those.map(({ service }) => plain(service));
      const shown = names.slice(0, MAX_NAMES).join(", ");
      const rest = names.length > MAX_NAMES ? ` and ${names.length - MAX_NAMES} more` : "";
      return `${wrapped(`Not judged, ${plain(why)}:`, width, "  ")}\n${wrapped(shown + rest, width, "  ", "  ")}`;
    })
    .join("\n");
}
