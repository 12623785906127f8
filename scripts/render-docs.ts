/**
 * The tables of docs/, rendered from the code that they describe: `npm run docs` writes them, a test holds them to it.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { EXIT_CODES } from "../src/cli/exit-codes.ts";
import { type Definition, flagOf, variableOf } from "../src/config/definition.ts";
import { DEFINITIONS, SETTING_KEYS, type SettingKey } from "../src/config/definitions.ts";
import { METRICS, type MetricDefinition } from "../src/metrics/definitions.ts";
import { groupsIn } from "./rule-files.ts";

const cell = (text: string): string => text.replaceAll("|", "\\|");
const row = (cells: readonly string[]): string => `| ${cells.map(cell).join(" | ")} |`;
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [row(head), row(head.map(() => "---")), ...rows.map(row)].join("\n");

/** What a label can be. Metrics that share a label need not share its values: then each list says whose it is. */
function renderValues(label: string, definitions: readonly (readonly [string, MetricDefinition])[]): string {
  const metricsOf = new Map<string, string[]>();
  for (const [name, { labels }] of definitions) {
    const known = labels[label];
    if (known === undefined) continue;
    const text = typeof known === "string" ? known : known.map((value) => `\`${value}\``).join(", ");
    metricsOf.set(text, [...(metricsOf.get(text) ?? []), `\`${name}\``]);
  }
  if (metricsOf.size === 1) return [...metricsOf.keys()].join();
  return [...metricsOf].map(([text, names]) => `${names.join(", ")}: ${text}`).join("; ");
}

function renderMetrics(): string {
  const definitions = Object.entries<MetricDefinition>(METRICS);
  const metrics = definitions.map(([name, { type, labels, help }]) => [
    `\`${name}\``,
    type,
    Object.keys(labels)
      .map((label) => `\`${label}\``)
      .join(" "),
    help,
  ]);
  const labels = [...new Set(definitions.flatMap(([, definition]) => Object.keys(definition.labels)))];
  const values = labels.map((label) => [`\`${label}\``, renderValues(label, definitions)]);
  return `# Metrics

Every metric that the agent exports on \`/metrics\`. Times are in seconds, ratios from 0 to 1. A series exists at 0 from the moment its
frontend is planned, stays for five minutes after its labels no longer apply, so that its last increments are scraped, and then goes.

${table(["metric", "type", "labels", "meaning"], metrics)}

## Labels

${table(["label", "values"], values)}

\`colocated\`: this node hosts at least one ready backend of the Service. \`exposed\`: whether configuration and topology make a hairpin
possible from this node to this frontend at all. With instance targets every registered node is exposed on its own zone's address,
with or without a backend: the two are not the same.

The timeout rate is \`reason="connect_timeout"\` over attempts; on TLS listeners, where the NLB completes the connection itself,
\`reason="response_timeout"\`. \`reach="nlb"\`: attempts end at an NLB that terminates TLS, and cannot fail behind it
([TLS listeners](how-it-decides.md#tls-listeners)): leave them out of every share (\`reach!="nlb"\`).
`;
}

function settingRow(key: SettingKey): readonly [flag: string, variable: string, key: string, fallback: string, help: string] {
  const definition: Definition<unknown> = DEFINITIONS[key];
  const fallback = definition.default === undefined ? "" : `\`${definition.default}\``;
  return [`\`--${flagOf(key)} ${definition.placeholder}\``, `\`${variableOf(key)}\``, `\`${key}\``, fallback, definition.help];
}

function renderSettings(): string {
  return `# Settings

Of \`hairpin-probe agent\`. A flag beats its environment variable, which beats the key in the YAML file that \`--config\`
(\`HAIRPIN_PROBE_CONFIG\`) names, which beats the default. Unknown flags, variables and keys are refused, and every problem is reported
at once. Durations are written as Prometheus writes them: \`500ms\`, \`10s\`, \`1h30m\`.

${table(["flag", "variable", "key in the file", "default", "meaning"], SETTING_KEYS.map(settingRow))}
`;
}

/** Rows of the alerts, with links that hold in the folder at this path. */
function alertRows(runbooks: string): readonly (readonly string[])[] {
  const rules = ["alerts.yaml", "agents.yaml"].flatMap(groupsIn).flatMap((group) => group.rules);
  return rules.map(({ alert, for: duration = "", labels, annotations }) => [
    `[${alert}](${runbooks}/${alert}.md)`,
    labels?.severity ?? "",
    duration,
    annotations?.summary ?? "",
  ]);
}

function renderAlerts(): string {
  return `# Alerts

The rule files in [rules](../rules) are plain Prometheus rules (2.42 or newer): give all three to
\`rule_files\`. Each alert has a runbook.

${table(["alert", "severity", "after", "when"], alertRows("runbooks"))}

**Which one to page on.** \`InternalNLBUnreachable\` is critical. Hairpins break a share of connections and go on until somebody changes the
configuration: they are warnings. \`HairpinPossible\` is information, and fires for every Service whose configuration allows them.

**Evidence first.** \`HairpinTimeouts\` fires on what the kernel's counters or a capture show, and on nothing else: no ratio and no threshold
between healthy and sick is in it. \`HairpinTimeoutsSuspected\` is for where evidence is not to be had; how it decides is in its
[runbook](runbooks/HairpinTimeoutsSuspected.md). Tests let both fire for every way in which an NLB can hairpin, at 3, 30 and 300 nodes,
and keep them silent for one sick node, one sick Service, one dead target, one dead zone, a burst, a rollout, a scale-down, agents that
restart, and where there is nothing to compare with.

**How soon.** Of the *k* targets of an address each loses one in *k* of its connections. If all of them probe, that is as many hairpins as one
node has attempts, six a minute at the default interval, and \`HairpinTimeouts\` fires within ten minutes. Of a large target group only
*q* of the *k* probe (\`--fan-out\`: in each zone 20 nodes with a backend and 20 without): then an address has 6 *q*/*k* hairpins a minute.
Three addresses of an NLB with 1,000 registered nodes, of which 66 to 120 probe each address, have one or two a minute; with 5,000 nodes
14 to 26 an hour: that takes up to half an hour, and at an interval of 30 seconds an hour and more. A larger \`--fan-out\` is sooner. Without
evidence \`HairpinTimeoutsSuspected\` takes an hour, and manages up to about 1,000 registered nodes.

**Several clusters.** The label \`cluster\`, where your Prometheus adds it, is kept in every rule.
`;
}

function renderExitCodes(): string {
  const sections = Object.entries(EXIT_CODES).map(([command, codes]) => {
    const rows = codes.map(({ code, meaning }) => [String(code), meaning]);
    return `## hairpin-probe ${command}\n\n${table(["code", "meaning"], rows)}\n`;
  });
  return `# Exit codes

A code that two commands share means the same kind of thing: 1 that something was found, 3 that it is not decided. A program that is broken
never ends with a code that says something of the cluster.

${sections.join("\n")}`;
}

/** What the README has in it of the tables: the rest of it is written by hand. */
const README_TABLES: Readonly<Record<string, () => string>> = {
  metrics: () =>
    table(
      ["metric", "type", "meaning"],
      Object.entries<MetricDefinition>(METRICS).map(([name, { type, help }]) => [`\`${name}\``, type, help]),
    ),
  alerts: () => table(["alert", "severity", "after", "when"], alertRows("docs/runbooks")),
  settings: () =>
    table(
      ["flag", "key in the file", "default", "meaning"],
      MOST_USED.map(settingRow).map(([flag, , key, fallback, help]) => [flag, key, fallback, help]),
    ),
};
const MOST_USED: readonly SettingKey[] = [
  "interval",
  "timeout",
  "evidence",
  "controlEvery",
  "frontends",
  "allowCidr",
  "maxInFlight",
  "metricsAddress",
  "logLevel",
];

/** @throws Error for a mark that there is no table for, and for a table without its mark. */
function renderReadme(): string {
  const found = new Set<string>();
  const text = readFileSync(fileURLToPath(new URL("../README.md", import.meta.url)), "utf8").replaceAll(
    /(<!-- (\w+): npm run docs -->\n)[\s\S]*?(<!-- end -->)/g,
    (_, begin: string, name: string, end: string) => {
      const render = README_TABLES[name];
      if (render === undefined) throw new Error(`README.md: got a mark for ${name}, expected ${Object.keys(README_TABLES)}`);
      found.add(name);
      return `${begin}\n${render()}\n\n${end}`;
    },
  );
  const missing = Object.keys(README_TABLES).filter((name) => !found.has(name));
  if (missing.length > 0) throw new Error(`README.md: no mark for ${missing}`);
  return text;
}

/** The generated pages by their path in the project. */
export const PAGES: Readonly<Record<string, () => string>> = {
  "README.md": renderReadme,
  "docs/metrics.md": renderMetrics,
  "docs/settings.md": renderSettings,
  "docs/alerts.md": renderAlerts,
  "docs/exit-codes.md": renderExitCodes,
};

if (import.meta.main) {
  for (const [path, render] of Object.entries(PAGES))
    writeFileSync(fileURLToPath(new URL(`../${path}`, import.meta.url)), render());
}
