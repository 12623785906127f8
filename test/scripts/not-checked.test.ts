import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { notChecked } from "../support/not-checked.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const HELPER = "test/support/not-checked.ts";

interface Job {
  readonly env?: Readonly<Record<string, unknown>>;
  readonly steps: readonly { readonly run?: string }[];
}

test("what is left out is said, and is a failure where nothing may be left out", () => {
  const said: string[] = [];
  const t = { diagnostic: (text: string) => said.push(text) };
  for (const env of [{}, { HAIRPIN_NO_SKIPS: "" }, { HAIRPIN_NO_SKIPS: "0" }]) notChecked(t, "there is no promtool", env);
  assert.deepEqual(said, Array(3).fill("NOT CHECKED: there is no promtool"));
  assert.throws(() => notChecked(t, "there is no promtool", { HAIRPIN_NO_SKIPS: "1" }), /NOT CHECKED: there is no promtool/);
});

test("no test leaves anything out by another way", () => {
  const files = globSync("test/**/*.ts", { cwd: ROOT }).filter(
    (file) => ![HELPER, "test/scripts/not-checked.test.ts"].includes(file),
  );
  assert.ok(files.length > 100);
  for (const file of files) {
    assert.doesNotMatch(readFileSync(`${ROOT}${file}`, "utf8"), /NOT (RUN|CHECKED)|\bskip: |\.skip\(/, file);
  }
});

test("in CI nothing may be left out", () => {
  const { jobs } = parse(readFileSync(`${ROOT}.github/workflows/ci.yaml`, "utf8")) as {
    readonly jobs: Readonly<Record<string, Job>>;
  };
  const testing = Object.entries(jobs).filter(([, { steps }]) => steps.some(({ run = "" }) => run.includes(".ci/run")));
  assert.ok(testing.length > 0);
  for (const [name, { env }] of testing) assert.equal(env?.HAIRPIN_NO_SKIPS, 1, name);
});
