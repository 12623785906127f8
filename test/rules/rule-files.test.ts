import assert from "node:assert/strict";
import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { test } from "node:test";
import { findPrometheusTool } from "../../scripts/prometheus.mjs";
import { groupsIn, pathOfRules, RULE_FILES } from "../../scripts/rule-files.ts";
import { METRICS, type MetricDefinition } from "../../src/metrics/definitions.ts";
import { notChecked } from "../support/not-checked.ts";
import { NO_PROMTOOL } from "../support/promtool.ts";

const rules = RULE_FILES.flatMap(groupsIn).flatMap((group) => group.rules);
const alerts = rules.filter(({ alert }) => alert !== undefined);
const RUNBOOKS = new URL("../../docs/runbooks/", import.meta.url);
const BASE_URL = "https://github.com/hairpin-probe/hairpin-probe/blob/main/docs/runbooks/";
/** Labels that monitoring adds. */
const FOREIGN_LABELS = ["cluster", "le"];

test("promtool finds nothing wrong with the rules", (t) => {
  const promtool = findPrometheusTool("promtool");
  if (promtool === undefined) {
    notChecked(t, NO_PROMTOOL);
    return;
  }
  for (const file of RULE_FILES) {
    const result: SpawnSyncReturns<string> = spawnSync(
      promtool,
      ["check", "rules", "--lint=all", "--lint-fatal", pathOfRules(file)],
      {
        encoding: "utf8",
      },
    );
    assert.equal(result.status, 0, `${file}: ${result.stderr}`);
  }
});

test("every metric in a rule is one that the agent exports, with labels that it has, or one that a rule records", () => {
  const definitions = new Map<string, MetricDefinition>(Object.entries<MetricDefinition>(METRICS));
  const recorded = new Set(rules.map(({ record }) => record));
  const used = new Set<string>();
  for (const { expr } of rules) {
    for (const [series] of expr.matchAll(/\w+:hairpin_probe_[\w:]+/g)) assert.ok(recorded.has(series), series);
    for (const [, name = "", selector = ""] of expr.matchAll(
      /(?<![\w:])(hairpin_probe_\w+?)(?:_bucket|_count)?(?:\{([^}]*)\}|[^\w:])/g,
    )) {
      const definition = definitions.get(name);
      assert.ok(definition !== undefined, name);
      used.add(name);
      for (const [, label = "", value = ""] of selector.matchAll(/(\w+)(?:=~|!~|!=|=)"([^"]*)"/g)) {
        assert.ok([...Object.keys(definition.labels), ...FOREIGN_LABELS].includes(label), `${label} of ${name}`);
        if (label === "le") assert.ok(definition.buckets?.includes(Number(value)), `no bucket of ${name} ends at ${value}`);
        const known: MetricDefinition["labels"][string] | undefined = definition.labels[label];
        if (known === undefined || typeof known === "string") continue;
        for (const each of value.split("|")) assert.ok(known.includes(each), `${label}="${each}" of ${name}`);
      }
    }
  }
  assert.ok(used.size >= 9, [...used].join());
});

test("what is recorded is named after its level, and is used", () => {
  for (const { record } of rules) {
    if (record === undefined) continue;
    assert.match(
      record,
      /^(service|port|frontend|node|node_service|node_frontend):hairpin_probe_\w+:(increase(5m|15m|30m|1h)|ratio(15|30)m|max|z_within_\w+1h)$/,
    );
    if (record.endsWith(":ratio15m")) continue;
    assert.ok(
      rules.some(({ expr }) => expr.includes(record)),
      record,
    );
  }
});

test("every alert has a severity, a summary that stays the same, a description, and a runbook of its own name", () => {
  for (const { alert = "", labels, annotations } of alerts) {
    assert.deepEqual(Object.keys(labels ?? {}), ["severity"], alert);
    assert.ok(["critical", "warning", "info"].includes(labels?.severity ?? ""), alert);
    assert.deepEqual(Object.keys(annotations ?? {}), ["summary", "description", "runbook_url"], alert);
    assert.doesNotMatch(annotations?.summary ?? "", /\{\{/, alert);
    assert.equal(annotations?.runbook_url, `${BASE_URL}${alert}.md`);
  }
});

test("every label that an annotation shows is one that the alert has", () => {
  for (const { alert, expr, annotations } of alerts) {
    const shown = [...(annotations?.description ?? "").matchAll(/\$labels\.(\w+)/g)].map(([, label = ""]) => label);
    const grouped = [...expr.matchAll(/by \(([^)]*)\)/g)].flatMap(([, labels = ""]) => labels.split(", "));
    if (/(service|port):hairpin_probe/.test(expr)) grouped.push("service_namespace", "service_name");
    if (/port:hairpin_probe/.test(expr)) grouped.push("service_port");
    for (const label of shown) assert.ok(grouped.includes(label), `${label} of ${alert}`);
  }
});

test("every alert has a runbook with its four parts, and every runbook an alert", () => {
  const names = readdirSync(RUNBOOKS).map((file) => basename(file, ".md"));
  assert.deepEqual(names.sort(), alerts.map(({ alert = "" }) => alert).sort());
  for (const name of names) {
    const text = readFileSync(new URL(`${name}.md`, RUNBOOKS), "utf8");
    const headings = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) => heading);
    assert.deepEqual(headings, [name, "Meaning", "Impact", "Diagnosis", "Mitigation"]);
    for (const [, link = ""] of text.matchAll(/\]\(([^)#]+)\)/g))
      assert.ok(readFileSync(new URL(link, new URL(`${name}.md`, RUNBOOKS))));
  }
});
