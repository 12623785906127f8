import { commandOf } from "../terminal/fix-lines.ts";
import { escaped, row } from "../terminal/markdown.ts";
import { plain } from "../terminal/text.ts";
import { ignoredBySentence, nameOf, summaryOf } from "./finding.ts";
import { fixableOf, groupFixes } from "./fixes.ts";
import type { AuditReport } from "./text.ts";
import { balancerText, exposureText, HANDLERS, preservationText, remarkOf, targetText } from "./words.ts";

/** A fence longer than any that is in the text. */
function fenced(language: string, text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}${language}\n${text.trimEnd()}\n${fence}`;
}

/** A sentence that begins with a name from the cluster: code, so that it can be searched for as it is. */
const codeFirst = (sentence: string): string => {
  const [name = "", ...rest] = sentence.split(" ");
  return [/^[\w./-]+$/.test(name) ? `\`${name}\`` : escaped(name), escaped(rest.join(" "))].join(" ");
};

/** The report for a ticket. */
export function renderMarkdown({ findings, all, notes }: AuditReport): string {
  const head = ["verdict", "Service", "handler", "balancer", "targets", "client IP preservation", "highest exposure", "why"];
  const rows = findings.map((finding) => [
    finding.verdict === "can" ? "**can hairpin**" : finding.verdict,
    escaped(nameOf(finding)),
    HANDLERS[finding.loadBalancer.controller],
    balancerText(finding),
    targetText(finding),
    preservationText(finding),
    exposureText(finding),
    escaped(remarkOf(finding) || finding.reason),
  ]);
  const fixes = groupFixes(findings).map(({ controller, fix, members }) => {
    const list = [
      ...fix.caveats.map((sentence) => `- Mind: ${escaped(sentence)}`),
      ...fix.costs.map((sentence) => `- Costs: ${escaped(sentence)}`),
      ...fix.alternatives.map((sentence) => `- Or: ${escaped(sentence)}`),
    ];
    const commands = members
      .map(fixableOf)
      .map(commandOf)
      .filter((command) => command !== "");
    const manifests = members.map((member) => member.fix?.manifest ?? "").filter((manifest) => manifest !== "");
    return [
      `### Fix: ${HANDLERS[controller]}`,
      escaped(fix.summary),
      list.join("\n"),
      commands.length === 0 ? "" : fenced("sh", commands.map(plain).join("\n")),
      manifests.length === 0 ? "" : fenced("yaml", manifests.join("---\n")),
    ]
      .filter((part) => part !== "")
      .join("\n\n");
  });
  const table = [row(head), row(head.map(() => "---")), ...rows.map(row)].join("\n");
  const ignored = [...ignoredBySentence(findings)]
    .map(([sentence, names]) => `- ${codeFirst(sentence)} (${names.map(escaped).join(", ")})`)
    .join("\n");
  const noted = notes.map((note) => `- Note: ${escaped(note)}`).join("\n");
  const parts = ["## Hairpin audit", summaryOf(all), findings.length === 0 ? "" : table, ignored, ...fixes, noted];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}
