import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { renderBoard } from "../../grafana/board.ts";
import { findPromtool } from "../../scripts/promtool.mjs";
import { METRICS, type MetricDefinition } from "../../src/metrics/definitions.ts";

interface Board {
  readonly panels: readonly {
    readonly id: number;
    readonly title: string;
    readonly description: string;
    readonly type: string;
    readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
    readonly fieldConfig: { readonly defaults: { readonly unit: string } };
    readonly datasource: unknown;
    readonly targets: readonly {
      readonly refId: string;
      readonly expr: string;
      readonly legendFormat: string;
      readonly datasource: unknown;
    }[];
  }[];
  readonly templating: { readonly list: readonly Variable[] };
  readonly uid: string;
  readonly editable: boolean;
  readonly schemaVersion: number;
}

interface Variable {
  readonly name: string;
  readonly type: string;
  readonly label: string;
  readonly query: unknown;
  readonly definition?: string;
  readonly datasource?: unknown;
  readonly refresh: number;
  readonly multi?: boolean;
  readonly allValue?: string;
}

const board = renderBoard() as Board;
const queries = board.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
/** Labels that the monitor adds, and the histogram's own. */
const FOREIGN_LABELS = ["job", "instance", "le"];

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
    }
  }
  assert.ok(used.size >= 8, [...used].join());
});

test("every label that a query groups by or a legend shows is one of a metric in that query", () => {
  const labelsIn = (text: string): readonly string[] =>
    [...text.matchAll(/(hairpin_probe_\w+?)(?:_bucket)?\{/g)].flatMap(([, name = ""]) =>
      Object.keys(Object.entries<MetricDefinition>(METRICS).find(([known]) => known === name)?.[1].labels ?? {}),
    );
  for (const { expr, legendFormat } of board.panels.flatMap(({ targets }) => targets)) {
    const grouped = [...expr.matchAll(/by \(([^)]*)\)/g)].flatMap(([, labels = ""]) => labels.split(", "));
    for (const label of grouped) assert.ok([...labelsIn(expr), "le"].includes(label), `${label} in ${expr}`);
    for (const [, label = ""] of legendFormat.matchAll(/\{\{(\w+)\}\}/g)) {
      assert.ok(grouped.includes(label), `${label} in the legend of ${expr}`);
    }
  }
});

test("promtool can parse every query", (t) => {
  const promtool = findPromtool();
  if (promtool === undefined) {
    t.diagnostic("NOT CHECKED: there is no promtool here (Debian package prometheus)");
    return;
  }
  const directory = mkdtempSync(join(tmpdir(), "hairpin-probe-board-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const check = (expressions: readonly string[]) => {
    const rules = expressions.map((expr, i) => ({ record: `query_${i}`, expr: expr.replaceAll(/\$\w+/g, "5m") }));
    const file = join(directory, "rules.yaml");
    writeFileSync(file, JSON.stringify({ groups: [{ name: "board", rules }] }));
    const { status, stderr } = spawnSync(promtool, ["check", "rules", "--lint=none", file], { encoding: "utf8" });
    return { status, stderr };
  };
  assert.deepEqual(check(queries), { status: 0, stderr: "" });
  // The control: it does read them.
  assert.equal(check([...queries, "sum(1"]).status, 1);
});

test("every selector is scoped by job and instance, and every counter is in a rate or an increase", () => {
  for (const query of queries) {
    for (const [selector] of query.matchAll(/hairpin_probe_\w+\{[^}]*\}/g)) {
      assert.match(selector, /job=~"\$job", instance=~"\$instance"/);
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
  for (const [i, panel] of board.panels.entries()) {
    assert.ok(panel.title !== "" && panel.description !== "" && panel.fieldConfig.defaults.unit !== "", panel.title);
    assert.deepEqual(
      panel.targets.map(({ refId }) => refId),
      [..."ABCDE"].slice(0, panel.targets.length),
    );
    const { x, y, w, h } = panel.gridPos;
    assert.ok(x + w <= 24);
    for (const other of board.panels.slice(i + 1).map(({ gridPos }) => gridPos)) {
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
  const sources = board.panels.flatMap((panel) => [panel.datasource, ...panel.targets.map(({ datasource }) => datasource)]);
  for (const source of sources) assert.deepEqual(source, { type: "prometheus", uid: "$datasource" });
});

test("every variable is a query over what is there, read anew with the time, and used", () => {
  const variables = board.templating.list.slice(1);
  for (const name of ["job", "instance"]) assert.ok(variables.some((variable) => variable.name === name));
  for (const { name, definition = "", ...variable } of variables) {
    assert.match(definition, new RegExp(`^label_values\\(hairpin_probe_\\w+(\\{.*\\})?, ${name}\\)$`));
    assert.deepEqual(variable.datasource, { type: "prometheus", uid: "$datasource" });
    assert.deepEqual([variable.refresh, variable.multi, variable.allValue], [2, true, ".+"], name);
    assert.ok(queries.some((query) => query.includes(`${name}=~"$${name}"`)));
  }
});
