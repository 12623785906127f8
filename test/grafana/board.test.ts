import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { test } from "node:test";
import { renderBoard } from "../../grafana/board.ts";
import { withAllChosen } from "../../grafana/variables.ts";
import { groupsIn, RULE_FILES } from "../../scripts/rule-files.ts";
import { parseExposition } from "../../src/domain/exposition.ts";
import { METRICS, type MetricDefinition } from "../../src/metrics/definitions.ts";
import { fullPage } from "../support/full-page.ts";
import { notChecked } from "../support/not-checked.ts";
import { NO_PROMTOOL, runPromtool } from "../support/promtool.ts";

const board = renderBoard();
const panels = board.panels.filter(({ type }) => type !== "row");
const rows = board.panels.filter(({ type }) => type === "row");
const marks = board.annotations.list.map(({ expr }) => expr);
const queries = [...panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)), ...marks];
/** Labels that the monitor adds, and the histogram's own. */
const FOREIGN_LABELS = ["cluster", "job", "instance", "le"];

test("the file is what the code says; npm run board writes it", () => {
  const file = readFileSync(new URL("../../grafana/hairpin-probe.json", import.meta.url), "utf8");
  assert.equal(file, `${JSON.stringify(board, null, 2)}\n`);
});

test("every metric in a query is one that the agent exports, with labels that it has", () => {
  const used = new Set<string>();
  const variables = board.templating.list.map(({ query }) => JSON.stringify(query));
  for (const text of [...queries, ...variables.map((query) => query.replaceAll('\\"', '"'))]) {
    for (const [, name = "", selector = ""] of text.matchAll(/(hairpin_probe_\w+?)(?:_bucket)?\{([^}]*)\}/g)) {
      const definition: MetricDefinition | undefined = Object.entries<MetricDefinition>(METRICS).find(
        ([known]) => known === name,
      )?.[1];
      assert.ok(definition !== undefined, `${name} in ${text}`);
      used.add(name);
      for (const [, label = ""] of selector.matchAll(/(\w+)(?:=~|!~|!=|=)"/g)) {
        assert.ok([...Object.keys(definition.labels), ...FOREIGN_LABELS].includes(label), `${label} of ${name}`);
      }
      for (const [, edge = ""] of selector.matchAll(/le="([^"]*)"/g)) assert.ok(definition.buckets?.includes(Number(edge)), edge);
    }
  }
  assert.ok(used.size >= 8, [...used].join());
});

test("every label that a query groups by or a legend shows is one of a metric in that query", () => {
  const labelsIn = (text: string): readonly string[] =>
    [...text.matchAll(/(hairpin_probe_\w+?)(?:_bucket)?\{/g)].flatMap(([, name = ""]) =>
      Object.keys(Object.entries<MetricDefinition>(METRICS).find(([known]) => known === name)?.[1].labels ?? {}),
    );
  for (const { expr, legendFormat } of panels.flatMap(({ targets }) => targets)) {
    const grouped = [...expr.matchAll(/by \(([^)]*)\)/g)].flatMap(([, labels = ""]) => labels.split(", "));
    for (const label of grouped) assert.ok([...labelsIn(expr), ...FOREIGN_LABELS].includes(label), `${label} in ${expr}`);
    for (const [, label = ""] of legendFormat.matchAll(/\{\{(\w+)\}\}/g)) {
      assert.ok(grouped.includes(label), `${label} in the legend of ${expr}`);
    }
  }
});

test("promtool can parse every query", (t) => {
  const check = (expressions: readonly string[]) => {
    const rules = expressions.map((expr, i) => ({ record: `query_${i}`, expr: expr.replaceAll(/\$\w+/g, "5m") }));
    return runPromtool(["check", "rules", "--lint=none"], { groups: [{ name: "board", rules }] });
  };
  const said = check(queries);
  if (said === undefined) {
    notChecked(t, NO_PROMTOOL);
    return;
  }
  assert.deepEqual([said.status, said.stderr], [0, ""]);
  // The control: it does read them.
  assert.equal(check([...queries, "sum(1"])?.status, 1);
});

test("every selector is scoped by job and instance, and every counter is in a rate or an increase", () => {
  for (const query of queries) {
    for (const [selector] of query.matchAll(/hairpin_probe_\w+\{[^}]*\}/g)) {
      assert.match(selector, /cluster=~"\$cluster", job=~"\$job", instance=~"\$instance"/);
      if (/_total\{/.test(selector))
        assert.ok(query.includes(`rate(${selector}[`) || query.includes(`increase(${selector}[`), query);
    }
    for (const [, range] of query.matchAll(/rate\([^[]*\[([^\]]*)\]/g)) assert.equal(range, "$__rate_interval");
  }
});

test("panels have ids in order, titles, descriptions and units, and lie beside each other", () => {
  assert.deepEqual(
    board.panels.map(({ id }) => id),
    board.panels.map((_, i) => i + 1),
  );
  for (const [i, panel] of panels.entries()) {
    assert.ok(panel.title !== "" && panel.description !== "" && panel.fieldConfig.defaults.unit !== "", panel.title);
    assert.deepEqual(
      panel.targets.map(({ refId }) => refId),
      [..."ABCDE"].slice(0, panel.targets.length),
    );
    const { x, y, w, h } = panel.gridPos;
    assert.ok(x + w <= 24);
    for (const other of [...panels.slice(i + 1), ...rows].map(({ gridPos }) => gridPos)) {
      const apart = other.x >= x + w || other.x + other.w <= x || other.y >= y + h || other.y + other.h <= y;
      assert.ok(apart, `${panel.title} overlaps`);
    }
  }
});

test("the board's address is fixed, nobody edits it in place, and nothing in it waits for an import dialog", () => {
  assert.equal(board.uid, "hairpin-probe");
  assert.equal(board.editable, false);
  assert.ok(board.schemaVersion >= 39 && board.schemaVersion <= 41, "newer Grafana migrates these by itself");
  assert.doesNotMatch(JSON.stringify(board), /__inputs|DS_/);
  const [first] = board.templating.list;
  assert.deepEqual([first?.name, first?.type, first?.label], ["datasource", "datasource", "Data source"]);
  const sources = panels.flatMap((panel) => [panel.datasource, ...panel.targets.map(({ datasource }) => datasource)]);
  for (const source of sources) assert.deepEqual(source, { type: "prometheus", uid: "$datasource" });
});

test("every variable is a query over what is there, read anew with the time, and used", () => {
  const variables = board.templating.list.slice(1);
  for (const name of ["cluster", "job", "instance"]) assert.ok(variables.some((variable) => variable.name === name));
  for (const { name, definition = "", ...variable } of variables) {
    assert.match(definition, new RegExp(`^label_values\\(hairpin_probe_\\w+(\\{.*\\})?, ${name}\\)$`));
    assert.deepEqual(variable.datasource, { type: "prometheus", uid: "$datasource" });
    // Without the label there is one cluster, and all of it is to be seen.
    assert.deepEqual([variable.refresh, variable.multi, variable.allValue], [2, true, name === "cluster" ? ".*" : ".+"], name);
    assert.ok(queries.some((query) => query.includes(`${name}=~"$${name}"`)));
  }
});

test("each row asks a question, and has panels that answer it", () => {
  assert.ok(rows.length >= 5);
  for (const [i, row] of rows.entries()) {
    assert.match(row.title, /\?$/);
    const below = panels.filter(({ gridPos }) => gridPos.y > row.gridPos.y && gridPos.y < (rows[i + 1]?.gridPos.y ?? Infinity));
    assert.ok(below.length > 0, row.title);
  }
});

test("links lead to pages that there are", () => {
  const base = "https://github.com/hairpin-probe/hairpin-probe/blob/main/";
  assert.ok(board.links.some(({ url }) => url.endsWith("/alerts.md")));
  for (const { url } of [...board.links, ...panels.flatMap(({ links = [] }) => links)]) {
    assert.ok(url.startsWith(base), url);
    assert.ok(readFileSync(new URL(`../../${url.slice(base.length)}`, import.meta.url)).length > 0);
  }
});

test("from some panel there is a link to the runbook of every alert", () => {
  const linked = panels.flatMap(({ links = [] }) => links.map(({ url }) => basename(url, ".md")));
  const alerts = RULE_FILES.flatMap(groupsIn).flatMap(({ rules }) => rules.flatMap(({ alert }) => alert ?? []));
  assert.deepEqual(linked.sort(), alerts.sort());
});

test("what counts the Services that hairpin asks what the alert asks, of what the agents export", () => {
  const [query = ""] = panels.find(({ title }) => title === "Services hairpinning now")?.targets.map(({ expr }) => expr) ?? [];
  assert.doesNotMatch(query, /\w:hairpin_probe/);
  const alert = RULE_FILES.flatMap(groupsIn)
    .flatMap(({ rules }) => rules)
    .find((rule) => rule.alert === "HairpinTimeouts");
  // All thresholds of the alert, in their order.
  const thresholds = (expr: string) => [...expr.matchAll(/[<>]=? (?:bool )?[\d.]+( \*)?/g)].map(([found]) => found);
  const own = thresholds(alert?.expr ?? "");
  assert.ok(own.length >= 6, own.join());
  // What is recorded has one of its own: nodes with any.
  assert.deepEqual(
    thresholds(query).filter((each) => each !== "> 0"),
    own.filter((each) => each !== "> 0"),
  );
});

/** Runs queries over series at some minutes. @returns what promtool finds wrong; `undefined` where there is none. */
function evaluate(
  series: readonly object[],
  cases: readonly { readonly expr: string; readonly minute: number; readonly found: number }[],
): string | undefined {
  const tests = cases.map(({ expr, minute, found }) => ({
    expr: `count(${withAllChosen(expr, { rateInterval: "5m", range: "1h" })}) > bool 0 or vector(0)`,
    eval_time: `${minute}m`,
    exp_samples: [{ labels: "{}", value: found }],
  }));
  const said = runPromtool(["test", "rules"], {
    rule_files: [],
    tests: [{ interval: "1m", input_series: series, promql_expr_test: tests }],
  });
  return said && (said.status === 0 ? "" : said.stdout + said.stderr);
}

test("every query finds data in what an agent exports", async (t) => {
  const page = parseExposition(await fullPage());
  const series = page.map(({ name, labels, value }) => {
    const pairs = Object.entries({ ...labels, job: "hairpin-probe", instance: "n1" }).map(
      ([key, text]) => `${key}=${JSON.stringify(text)}`,
    );
    const isCounter = /_(total|bucket|sum|count)$/.test(name);
    return { series: `${name}{${pairs.join(",")}}`, values: isCounter ? `${value}+3x60` : `${value}+0x60` };
  });
  const cases = panels.flatMap(({ targets }) => targets.map(({ expr }) => ({ expr, minute: 60, found: 1 })));
  // The control: one that finds nothing.
  cases.push({ expr: 'hairpin_probe_agent_info{node="none"}', minute: 60, found: 0 });
  const wrong = evaluate(series, cases);
  if (wrong === undefined) notChecked(t, NO_PROMTOOL);
  else assert.equal(wrong, "");
});

test("timeouts behind a TLS listener, which are of the response, are in every share of timeouts", (t) => {
  const labels =
    'job="j",instance="i",node="n",service_namespace="shop",service_name="web",frontend_zone="a",colocated="true",exposed="true"';
  const series = [
    { series: `hairpin_probe_attempts_total{${labels}}`, values: "0+6x60" },
    { series: `hairpin_probe_failures_total{${labels},reason="response_timeout"}`, values: "0+2x60" },
    { series: `hairpin_probe_hairpins_total{${labels},evidence="reset"}`, values: "0+0x60" },
    { series: `hairpin_probe_exposure_ratio{${labels}}`, values: "0.33x60" },
  ];
  const shares = panels
    .filter(({ title }) => /^(Timeout share(?!, other)|Observed)/.test(title))
    .map(({ targets }) => targets[0]?.expr ?? "");
  assert.ok(shares.length >= 6);
  const wrong = evaluate(
    series,
    shares.map((expr) => ({ expr: `(${expr}) > 0.3`, minute: 60, found: 1 })),
  );
  if (wrong === undefined) t.diagnostic(NO_PROMTOOL);
  else assert.equal(wrong, "");
});

test("a change of a Service's configuration is marked, a new Service is not", (t) => {
  const info = (service: string, preserve: boolean, values: string) => ({
    series: `hairpin_probe_service_info{job="j",instance="i",node="n",service_namespace="shop",service_name="${service}",preserve_client_ip="${preserve}"}`,
    values,
  });
  // The old one stays for five minutes, as the agents have it.
  const series = [
    info("web", true, "1x35 stale"),
    info("web", false, "_x30 1x40"),
    info("still", true, "1x70"),
    info("new", true, "_x30 1x40"),
  ];
  const [expr = ""] = marks;
  const cases = [20, 32, 50].map((minute) => ({ expr, minute, found: minute === 32 ? 1 : 0 }));
  cases.push({
    expr: `(${expr}) and on (service_name) hairpin_probe_service_info{service_name=~"new|still"}`,
    minute: 32,
    found: 0,
  });
  const wrong = evaluate(series, cases);
  if (wrong === undefined) notChecked(t, NO_PROMTOOL);
  else assert.equal(wrong, "");
});
