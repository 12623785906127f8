import { percent } from "../domain/percent.ts";
import { escaped, row } from "../terminal/markdown.ts";
import { changesOf, comparisonsOf, lengthOf, type Share, VERDICT_WORDS, type VerifyReport } from "./report.ts";
import { chance } from "./text.ts";

/** The report for a change ticket. */
export function renderMarkdown(report: VerifyReport): string {
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
  return `${parts.join("\n\n")}\n`;
}
