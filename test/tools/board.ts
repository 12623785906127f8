/** The board under the linter that the field uses: `npm run test:tools`. Not a `.test.ts`: `npm test` does without it. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { findGoTool } from "../../scripts/go-tools.mjs";
import { noGoTool, notChecked } from "../support/not-checked.ts";

const BOARD = fileURLToPath(new URL("../../grafana/hairpin-probe.json", import.meta.url));

test("dashboard-linter has nothing to say against the board, and nothing is excluded", (t) => {
  const linter = findGoTool("dashboard-linter");
  if (linter === undefined) {
    notChecked(t, noGoTool("dashboard-linter"));
    return;
  }
  const lint = (path: string) => {
    const { status, stdout, stderr } = spawnSync(linter, ["lint", "--strict", path], { encoding: "utf8" });
    return { status, wrong: (stdout + stderr).split("\n").filter((line) => /^\[/.test(line) && !line.endsWith("OK")) };
  };
  assert.deepEqual(lint(BOARD), { status: 0, wrong: [] });
  // The control: it would have.
  const directory = mkdtempSync(join(tmpdir(), "hairpin-probe-board-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const changed = join(directory, "board.json");
  writeFileSync(changed, readFileSync(BOARD, "utf8").replaceAll('job=~\\"$job\\", ', ""));
  const { status, wrong } = lint(changed);
  assert.equal(status, 1);
  assert.match(wrong.join("\n"), /job/);
});
