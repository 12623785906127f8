/** docs/faults.md names tests; a test that was renamed or removed must not stay promised. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

/** What holds a fault: the rows' last cells, with the names below each file. */
const cells = read("docs/faults.md")
  .split("\n")
  .filter((line) => line.startsWith("| ") && !line.startsWith("| fault "))
  .map((line) => line.split(" | ").at(-1) ?? "");

test("every fault of docs/faults.md has a test that there is, or a bench", () => {
  assert.ok(cells.length > 20);
  const scripts = Object.keys((JSON.parse(read("package.json")) as { readonly scripts: object }).scripts);
  for (const cell of cells) {
    const bench = /`npm run ([\w:]+)`/.exec(cell)?.[1];
    const held = [...cell.matchAll(/`(test\/[^`]+)`: ("[^`]*")/g)];
    assert.ok(held.length > 0 || (bench !== undefined && scripts.includes(bench)), cell);
    for (const [, path = "", quoted = ""] of held) {
      const source = read(path);
      const names = [...quoted.matchAll(/"([^"]+)"/g)].map(([, name = ""]) => name);
      assert.ok(names.length > 0, cell);
      // An ellipsis stands for what the test fills in.
      for (const name of names) for (const part of name.split("…")) assert.ok(source.includes(part.trim()), `${path}: ${part}`);
    }
  }
});
