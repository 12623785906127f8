import type { Verdict } from "../domain/verdict.ts";
import { fixLines } from "../terminal/fix-lines.ts";
import { type Column, renderTable } from "../terminal/table.ts";
import { bullets, MAX_PROSE_WIDTH, type Paint, plain, wrapped } from "../terminal/text.ts";
import { type Finding, ignoredBySentence, nameOf, summaryOf } from "./finding.ts";
import { fixableOf, groupFixes } from "./fixes.ts";
import { balancerText, exposureText, HANDLERS, preservationText, remarkOf, targetText } from "./words.ts";

export interface AuditReport {
  /** Those that are shown, in the order that they are shown in. */
  readonly findings: readonly Finding[];
  /** All that were found in the namespaces asked for: what the summary counts. */
  readonly all: readonly Finding[];
  /** What could not be read. */
  readonly notes: readonly string[];
}

const WHOLE = Number.POSITIVE_INFINITY;
const COLUMNS: readonly Column<Finding>[] = [
  { heading: "VERDICT", minWidth: WHOLE, expendable: 0, cell: ({ verdict }) => verdict },
  { heading: "SERVICE", minWidth: 32, expendable: 0, cell: (finding) => plain(nameOf(finding)) },
  { heading: "HANDLER", minWidth: WHOLE, expendable: 1, cell: ({ loadBalancer }) => loadBalancer.controller },
  { heading: "BALANCER", minWidth: WHOLE, expendable: 3, cell: balancerText },
  { heading: "TARGETS", minWidth: WHOLE, expendable: 2, cell: targetText },
  { heading: "CLIENT IP", minWidth: WHOLE, expendable: 0, cell: preservationText },
  { heading: "EXPOSURE", minWidth: WHOLE, expendable: 0, cell: exposureText },
  { heading: "WHY", minWidth: 20, expendable: 4, cell: (finding) => plain(remarkOf(finding)) },
];

const COLOURS: Readonly<Record<Verdict, "red" | "yellow" | "green">> = { can: "red", unknown: "yellow", cannot: "green" };
const MIN_WIDTH = 60;

/**
 * The report as a terminal shows it: the table, what is not known, how to fix what can hairpin, and the count of it all.
 *
 * @param terminalWidth - Columns; `Infinity` where nothing is to be cut, as for a pipe.
 */
export function renderText({ findings, all, notes }: AuditReport, terminalWidth: number, paint: Paint): string {
  const tableWidth = Math.max(MIN_WIDTH, terminalWidth);
  const width = Math.min(MAX_PROSE_WIDTH, tableWidth);
  const [head = "", ...rows] = renderTable(COLUMNS, findings, tableWidth, (heading, text, { verdict }) =>
    heading === "VERDICT" ? paint(COLOURS[verdict], text) : heading === "WHY" ? paint("dim", text) : text,
  );
  const sections = [
    findings.length === 0 ? "" : [paint("bold", head), ...rows].join("\n"),
    unknownSection(findings, width, paint),
    sentencesSection("Ignored", ignoredBySentence(findings), width, paint),
    fixSection(findings, width, paint),
    notes.map((note) => wrapped(`Note: ${plain(note)}`, width, "  ")).join("\n"),
    hiddenLine(findings, all) + paint("bold", summaryOf(all)),
  ];
  return `${sections.filter((section) => section !== "").join("\n\n")}\n`;
}

const hiddenLine = (findings: readonly Finding[], all: readonly Finding[]): string =>
  findings.length === all.length ? "" : `Shown: ${findings.length} of ${all.length}.\n`;

function unknownSection(findings: readonly Finding[], width: number, paint: Paint): string {
  const byReason = new Map<string, string[]>();
  for (const finding of findings) {
    if (finding.verdict !== "unknown") continue;
    byReason.set(finding.reason, [...(byReason.get(finding.reason) ?? []), nameOf(finding)]);
  }
  return sentencesSection("Not known", byReason, width, paint);
}

/** Each sentence once, with those that it is about: in most clusters a few sentences hold for many Services. */
function sentencesSection(title: string, sentences: ReadonlyMap<string, readonly string[]>, width: number, paint: Paint): string {
  if (sentences.size === 0) return "";
  const entries = [...sentences].map(([sentence, names]) => {
    const who =
      names.length > MAX_NAMES
        ? `${names.slice(0, MAX_NAMES).join(", ")} and ${names.length - MAX_NAMES} more`
        : names.join(", ");
    return `${wrapped(plain(sentence), width, "  ", "  ")}\n${wrapped(plain(who), width, "    ", "    ")}`;
  });
  return [paint("bold", title), ...entries].join("\n");
}

const MAX_NAMES = 8;

function fixSection(findings: readonly Finding[], width: number, paint: Paint): string {
  const groups = groupFixes(findings);
  const blocks = groups.map(({ controller, fix, members }) => {
    const title = paint("bold", `Fix: ${HANDLERS[controller]}${members.length === 1 ? "" : ` (${members.length})`}`);
    const remarks = [...bullets("Mind: ", fix.caveats, width), ...bullets("Or: ", fix.alternatives, width)];
    const lines = members.map(fixableOf).flatMap(fixLines).map(plain);
    return [title, wrapped(fix.summary, width, "  ", "  "), ...remarks, ...(lines.length === 0 ? [] : ["", ...lines])].join("\n");
  });
  const costs = bullets("", [...new Set(groups.flatMap(({ fix }) => fix.costs))], width);
  if (costs.length > 0) blocks.push([paint("bold", "What switching preservation off costs"), ...costs].join("\n"));
  return blocks.join("\n\n");
}
