/** docs/security.md, held: each line of it names tests, and they are there, by exactly these names. */
import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { test } from "node:test";

const DOCS = new URL("../../docs/", import.meta.url);
const page = readFileSync(new URL("security.md", DOCS), "utf8");

/** Titles of the tests of a file that are written out; the cases of the API server's tests are objects with a name. */
function titlesIn(file: URL): readonly string[] {
  const begins = file.pathname.includes("/apiserver/") ? "^\\s+name: " : "\\b(?:test|it)\\(\\s*";
  const titles = readFileSync(file, "utf8").matchAll(new RegExp(`${begins}("(?:[^"\\\\\\n]|\\\\.)+"|'[^'\\n]+')`, "gm"));
  return [...titles].map(([, literal = ""]) =>
    literal.startsWith("'") ? literal.slice(1, -1) : (JSON.parse(literal) as string),
  );
}

/** Cells of the rows of tables whose last column holds tests. */
const rows = [...page.matchAll(/^\| (?!who \||---)(.*) \|$/gm)].map(([, cells = ""]) => cells.split(" | "));
const testsIn = (cell: string) =>
  [...cell.matchAll(/\[([^\]]+)\]\((\.\.\/test\/[^)]+)\)/g)].map(([, title = "", file = ""]) => ({ title, file }));

test("each line of docs/security.md says who, what, what holds it, and the tests", () => {
  assert.ok(rows.length > 20, `${rows.length} lines`);
  for (const cells of rows) {
    assert.equal(cells.length, 4, cells.join(" | "));
    for (const cell of cells) assert.notEqual(cell.trim(), "", cells.join(" | "));
    assert.ok(testsIn(cells[3] ?? "").length > 0, `no test: ${cells[1]}`);
  }
});

test("each test that docs/security.md names is there, by exactly that name", () => {
  for (const { title, file } of rows.flatMap((cells) => testsIn(cells.at(-1) ?? ""))) {
    const url = new URL(file, DOCS);
    assert.ok(existsSync(url), file);
    assert.ok(titlesIn(url).includes(title), `${file} has no test "${title}"`);
  }
});

test("each test in test/security holds a line of docs/security.md", () => {
  const named = rows.flatMap((cells) => testsIn(cells.at(-1) ?? "").map(({ title, file }) => `${file} ${title}`));
  for (const file of globSync("security/*.test.ts", { cwd: new URL("../", import.meta.url) })) {
    for (const title of titlesIn(new URL(`../${file}`, import.meta.url)))
      assert.ok(named.includes(`../test/${file} ${title}`), `${file}: "${title}"`);
  }
});
