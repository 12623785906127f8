import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { renderBoard } from "../../grafana/board.ts";
import { METRICS, type MetricDefinition } from "../../src/metrics/definitions.ts";

interface Board {
  readonly panels: readonly {
    readonly id: number;
    readonly title: string;
    readonly description: string;
    readonly type: string;
    readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
    readonly fieldConfig: { readonly defaults: { readonly unit: string } };
    readonly targets: readonly { readonly refId: string; readonly expr: string }[];
  }[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly query: unknown }[] };
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
