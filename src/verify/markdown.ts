import { percent } from "../domain/percent.ts";
import { escaped, row } from "../terminal/markdown.ts";
import { changesOf, comparisonsOf, lengthOf, type Share, VERDICT_WORDS, type VerifyReport } from "./report.ts";
import { countsText, overallVerdict, sortReports, standingOf, type VerifyResult } from "./summary.ts";
import { STANDING_WORDS, shareText } from "./summary-text.ts";
import { chance } from "./text.ts";

/** The report for a change ticket. */
export const renderMarkdown = (report: VerifyReport): string => `${sectionOf(report)}\n`;

/** Many Services: a table of them, and what is to be said of each. */
export function renderSummaryMarkdown(result: VerifyResult): string {
  const reports = sortReports(result.reports);
  const head = ["verdict", "Service", "before", "after"];
  const rows = reports.map((report) => [
    STANDING_WORDS[standingOf(report)],
    escaped(report.service),
    shareText(report.judgement.arms.exposed.before),
    shareText(report.judgement.arms.exposed.after),
  ]);
  const parts = [
    `# ${VERDICT_WORDS[overallVerdict(reports)]}`,
    `${countsText(result)}.`,
    [row(head), row(head.map(() => "---")), ...rows.map(row)].join("\n"),
    ...reports.filter((report) => standingOf(report) !== "nothing_to_fix").map(sectionOf),
    result.notJudged.map(({ service, why }) => `- ${escaped(service)}: not judged, ${escaped(why)}`).join("\n"),
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

function sectionOf(report: VerifyReport): string {
  const { service, judgement, before, after, changedAtMs, warnings } = report;
  const cell = ({ hits, of, share, low, high }: Share): string =>
    share === undefined ? "no attempts" : `${percent(share)}: ${hits} of ${of} (${percent(low)} to ${percent(high)})`;
  const rows = comparisonsOf(report).map((comparison) => [
    `${comparison.title}, ${comparison.what}`,
    cell(comparison.before),
    cell(comparison.after),
    chance(comparison.p),
  ]);
  const head = ["", "before", "after", "p"];
  const span = ({ startMs, endMs }: { readonly startMs: number; readonly endMs: number }): string =>
    `${new Date(startMs).toISOString()} to ${new Date(endMs).toISOString()} (${lengthOf(endMs - startMs)})`;
  const list = [
    `Change: ${new Date(changedAtMs).toISOString()}${changesOf(report)
      .map((change) => `; ${escaped(change)}`)
      .join("")}`,
    `Before: ${span(before.span)}`,
    `After: ${span(after.span)}`,
    ...warnings.map((warning) => `Warning: ${escaped(warning)}`),
  ];
  const parts = [
    `## ${escaped(service)}: ${VERDICT_WORDS[judgement.verdict]}`,
    judgement.because.map(escaped).join("\n\n"),
    list.map((each) => `- ${each}`).join("\n"),
    [row(head), row(head.map(() => "---")), ...rows.map(row)].join("\n"),
  ];
  return parts.join("\n\n");
}
