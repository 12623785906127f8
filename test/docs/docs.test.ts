import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { PAGES } from "../../scripts/render-docs.ts";
import { EXIT_CODES } from "../../src/cli/exit-codes.ts";
import { REASONS } from "../../src/domain/outcome.ts";
import { METRICS, type MetricDefinition } from "../../src/metrics/definitions.ts";

const page = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

for (const [path, render] of Object.entries(PAGES)) {
  test(`${path} is what the code says; npm run docs writes it`, () => assert.equal(page(path), render()));
}

test("docs/metrics.md names every value that a label can have, whichever metric has it", () => {
  const rows = page("docs/metrics.md").split("\n");
  for (const [name, { labels }] of Object.entries<MetricDefinition>(METRICS)) {
    for (const [label, known] of Object.entries(labels)) {
      const row = rows.find((line) => line.startsWith(`| \`${label}\` |`)) ?? "";
      for (const value of typeof known === "string" ? [known] : known) assert.ok(row.includes(value), `${value} of ${name}`);
    }
  }
});

test("docs/failures.md explains every reason and no other", () => {
  const explained = [...page("docs/failures.md").matchAll(/^\| `(\w+)` \|/gm)].map(([, reason]) => reason);
  assert.deepEqual(explained, [...REASONS]);
});

for (const [command, path] of [
  ["audit", "docs/audit.md"],
  ["check", "docs/check.md"],
] as const) {
  test(`${path} has the command's exit codes, and no others`, () => {
    const [, section = ""] = /\n## Exit codes\n([\s\S]*?)(\n## |$)/.exec(page(path)) ?? [];
    const rows = [...section.matchAll(/^\| (\d+) \| (.*) \|$/gm)].map(([, code, meaning]) => `${code} ${meaning}`);
    assert.deepEqual(
      rows,
      EXIT_CODES[command].map(({ code, meaning }) => `${code} ${meaning}`),
    );
  });
}

test("every link of the README leads to a file", () => {
  const links = [...page("README.md").matchAll(/\]\(([^)#]+)\)/g)].map(([, link]) => link ?? "");
  assert.ok(links.length > 3);
  for (const link of links) assert.ok(page(link).length > 0, link);
});
