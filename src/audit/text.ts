import type { styleText } from "node:util";
import type { Fix } from "../domain/fix.ts";
import type { Verdict } from "../domain/verdict.ts";
import { type Finding, nameOf, summaryOf } from "./finding.ts";
import { fixLines, groupFixes } from "./fixes.ts";
import { type Column, renderTable } from "./table.ts";
import { balancerText, exposureText, HANDLERS, plain, preservationText, targetText } from "./words.ts";

/** `styleText` bound to where the text goes, so that NO_COLOR and pipes are honoured. */
export type Paint = (format: Parameters<typeof styleText>[0], text: string) => string;

export interface AuditReport {
  /** Those that are shown, in the order that they are shown in. */
  readonly findings: readonly Finding[];
  /** All that were found in the namespaces asked for: what the summary counts. */
  readonly all: readonly Finding[];
  /** What could not be read. */
  readonly notes: readonly string[];
}

const COLUMNS: readonly Column<Finding>[] = [
  { heading: "VERDICT", minWidth: 7, expendable: 0, cell: ({ verdict }) => verdict },
  { heading: "SERVICE", minWidth: 24, expendable: 0, cell: (finding) => plain(nameOf(finding)) },
  { heading: "HANDLER", minWidth: 8, expendable: 3, cell: ({ loadBalancer }) => loadBalancer.controller },
  { heading: "BALANCER", minWidth: 8, expendable: 4, cell: balancerText },
  { heading: "TARGETS", minWidth: 7, expendable: 2, cell: targetText },
  { heading: "CLIENT IP", minWidth: 12, expendable: 0, cell: preservationText },
  { heading: "EXPOSURE", minWidth: 8, expendable: 0, cell: (finding) => plain(exposureText(finding)) },
  { heading: "WHY", minWidth: 24, expendable: 1, cell: ({ reason }) => plain(reason) },
];

const COLOURS: Readonly<Record<Verdict, "red" | "yellow" | "green">> = { can: "red", unknown: "yellow", cannot: "green" };
const MIN_WIDTH = 60;

/** The report as a terminal shows it: the table, what is not known, how to fix what can hairpin, and the count of it all. */
export function renderText({ findings, all, notes }: AuditReport, terminalWidth: number, paint: Paint): string {
  const width = Math.max(MIN_WIDTH, terminalWidth);
  const [head = "", ...rows] = renderTable(COLUMNS, findings, width, (heading, text, { verdict }) =>
    heading === "VERDICT" ? paint(COLOURS[verdict], text) : heading === "WHY" ? paint("dim", text) : text,
  );
  const sections = [
    findings.length === 0 ? "" : [paint("bold", head), ...rows].join("\n"),
    unknownSection(findings, width, paint),
    fixSection(findings, width, paint),
    notes.map((note) => wrapped(`Note: ${plain(note)}`, width, "  ")).join("\n"),
    hiddenLine(findings, all) + paint("bold", summaryOf(all)),
  ];
  return `${sections.filter((section) => section !== "").join("\n\n")}\n`;
}

const hiddenLine = (findings: readonly Finding[], all: readonly Finding[]): string =>
  findings.length === all.length ? "" : `Shown: ${findings.length} of ${all.length}.\n`;

/** Each sentence once, with those that it is about: in most clusters a few sentences hold for many Services. */
function unknownSection(findings: readonly Finding[], width: number, paint: Paint): string {
  const byReason = new Map<string, string[]>();
  for (const finding of findings) {
    if (finding.verdict !== "unknown") continue;
    byReason.set(finding.reason, [...(byReason.get(finding.reason) ?? []), nameOf(finding)]);
  }
  if (byReason.size === 0) return "";
  const entries = [...byReason].map(([reason, names]) => {
    const who =
      names.length > MAX_NAMES
        ? `${names.slice(0, MAX_NAMES).join(", ")} and ${names.length - MAX_NAMES} more`
        : names.join(", ");
    return `${wrapped(plain(reason), width, "  ", "  ")}\n${wrapped(plain(who), width, "    ", "    ")}`;
  });
  return [paint("bold", "Not known"), ...entries].join("\n");
}

const MAX_NAMES = 8;

function fixSection(findings: readonly Finding[], width: number, paint: Paint): string {
  const groups = groupFixes(findings);
  return groups
    .map(({ controller, fix, members }) => {
      const count = members.length === 1 ? "" : ` (${members.length})`;
      const title = paint("bold", `Fix: ${HANDLERS[controller]}${count}`);
      return [
        title,
        wrapped(fix.summary, width, "  ", "  "),
        ...remarks(fix, width),
        "",
        ...members.flatMap(fixLines).map(plainLine),
      ].join("\n");
    })
    .join("\n\n");
}

/** What a fix costs, and what it depends on. Commands are never wrapped: they are to be copied. */
function remarks({ caveats, costs, alternatives }: Fix, width: number): readonly string[] {
  const each = (label: string, sentences: readonly string[]): readonly string[] =>
    sentences.map((sentence) => wrapped(`${label}: ${sentence}`, width, "    ", "  "));
  return [...each("Mind", caveats), ...each("Costs", costs), ...each("Or", alternatives)];
}

const plainLine = (line: string): string => plain(line);

/** Breaks a sentence at spaces; what follows the first line is indented. */
function wrapped(text: string, width: number, indent: string, first = ""): string {
  const lines: string[] = [];
  let line = first;
  for (const word of text.split(" ")) {
    const joined = line.trim() === "" ? line + word : `${line} ${word}`;
    if (joined.length <= width || line.trim() === "") line = joined;
    else {
      lines.push(line);
      line = indent + word;
    }
  }
  return [...lines, line].join("\n");
}
