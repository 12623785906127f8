import { percent } from "../domain/percent.ts";
import { MAX_PROSE_WIDTH, type Paint, plain, wrapped } from "../terminal/text.ts";
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

const BAR_WIDTH = 24;
const NARROW_BAR_WIDTH = 8;
const MIN_WIDTH = 60;
export const COLOURS = { fixed: "green", not_fixed: "red", inconclusive: "yellow" } as const;

/**
 * The report as a terminal shows it.
 *
 * @param terminalWidth - Columns; `Infinity` for a pipe.
 */
export function renderText(report: VerifyReport, terminalWidth: number, paint: Paint): string {
  const width = Math.min(MAX_PROSE_WIDTH, Math.max(MIN_WIDTH, terminalWidth));
  const { service, judgement, warnings } = report;
  const { verdict, because, secondsNeeded } = judgement;
  const headline = `${paint("bold", plain(service))}: ${paint([COLOURS[verdict], "bold"], VERDICT_WORDS[verdict])}`;
  const patience =
    secondsNeeded === undefined ? [] : [`At the present rate there will be enough in ${lengthOf(secondsNeeded * 1000)}.`];
  const sections = [
    [headline, ...[...because, ...patience].map((sentence) => wrapped(plain(sentence), width, "  ", "  "))].join("\n"),
    spans(report, width),
    ...comparisonsOf(report).map((comparison) => comparisonSection(comparison, width, paint)),
    warnings.map((warning) => wrapped(`Warning: ${plain(warning)}`, width, "  ")).join("\n"),
  ];
  return `${sections.filter((section) => section !== "").join("\n\n")}\n`;
}

const INDENT = " ".repeat(11);
const line = (label: string, text: string, width: number): string => wrapped(text, width, INDENT, `  ${label.padEnd(8)}`);

function spans(report: VerifyReport, width: number): string {
  const { before, after, changedAtMs, changeSource, settleMs } = report;
  const spanText = ({ startMs, endMs }: { readonly startMs: number; readonly endMs: number }): string =>
    `${timeOf(startMs)} to ${timeOf(endMs)} (${lengthOf(endMs - startMs)})`;
  const seen = changeSource === "seen" ? "seen by the agents" : "as given";
  return [
    line("change", `${timeOf(changedAtMs)}, ${seen}; ${lengthOf(settleMs)} after it left out`, width),
    ...changesOf(report).map((change) => wrapped(plain(change), width, `${INDENT}  `, INDENT)),
    line("before", spanText(before.span), width),
    line("after", spanText(after.span), width),
  ].join("\n");
}

function comparisonSection(
  { title, what, before, after, difference, p, hairpins }: Comparison,
  width: number,
  paint: Paint,
): string {
  const isSame = before.hits === 0 && after.hits === 0;
  const summary = [
    ...(difference === undefined || isSame
      ? []
      : [
          `Difference ${points(difference.difference)} points (95 % interval ${points(difference.low)} to ${points(difference.high)}), p ${isTiny(p) ? "" : "= "}${chance(p)}.`,
        ]),
    ...(hairpins === undefined ? [] : [`Proved hairpins: ${hairpins.before} before, ${hairpins.after} after.`]),
  ].join(" ");
  return [
    `  ${paint("bold", title)}, ${what}`,
    shareLine("before", before, width, paint),
    shareLine("after", after, width, paint),
    ...(summary === "" ? [] : [wrapped(summary, width, "    ", "    ")]),
  ].join("\n");
}

function shareLine(label: string, { hits, of, share, low, high }: Share, width: number, paint: Paint): string {
  if (share === undefined) return `    ${label.padEnd(7)}no attempts`;
  // One that is above 0 is seen, however small.
  const length = width < 80 ? NARROW_BAR_WIDTH : BAR_WIDTH;
  const filled = share === 0 ? 0 : Math.max(1, Math.round(share * length));
  const bar = paint("cyan", "█".repeat(filled)) + paint("dim", "░".repeat(length - filled));
  return `    ${label.padEnd(7)}${bar} ${percent(share).padStart(6)}  ${hits} of ${of} (${percent(low)} to ${percent(high)})`;
}

const points = (difference: number): string => `${difference > 0 ? "+" : ""}${(difference * 100).toFixed(1)}`;

const isTiny = (p: number): boolean => p < 0.0001;

/** A probability for people: `< 0.0001`, `0.031`. */
export const chance = (p: number): string => (isTiny(p) ? "< 0.0001" : p.toPrecision(2));
