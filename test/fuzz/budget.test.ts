/** How many cases there are: what is promised of a run holds for the properties that there are. */
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { CASES, casesOf, PROPERTY_NAMES } from "./support/budget.ts";

const FOLDER = new URL(".", import.meta.url);
const sources = globSync("*.test.ts", { cwd: FOLDER })
  .filter((file) => file !== "budget.test.ts")
  .map((file) => readFileSync(new URL(file, FOLDER), "utf8"))
  .join("\n");
/** The readers of objects are one test each, and named by the kind that they read. */
const isOfKind = (name: string): boolean => / is read, or refused with what was expected$/.test(name);

const totalOf = (total: number): number => PROPERTY_NAMES.reduce((sum, name) => sum + casesOf(name, total), 0);

test("npm test runs 20,000 cases at least, npm run fuzz a million", () => {
  assert.deepEqual(CASES, { ci: 20_000, nightly: 1_000_000 });
  for (const total of [CASES.ci, CASES.nightly]) {
    const cases = totalOf(total);
    assert.ok(cases >= total && cases < total * 1.01, `${cases} of ${total}`);
  }
});

test("every property of the table is run by one test", () => {
  for (const name of PROPERTY_NAMES) {
    if (isOfKind(name)) continue;
    assert.equal(sources.split(JSON.stringify(name)).length - 1, 1, name);
  }
  assert.equal(PROPERTY_NAMES.filter(isOfKind).length, 9);
});

test("what takes packets or files gets no more than its bound, and the others make up for it", () => {
  assert.equal(casesOf("whatever a DNS server sends, a lookup ends with addresses or a reason", 100_000_000), 20_000);
  assert.ok(totalOf(100_000_000) >= 100_000_000);
});
