/** The rules under the linter that the field uses: `npm run test:tools`. Not a `.test.ts`: `npm test` does without it. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { findGoTool } from "../../scripts/go-tools.mjs";
import { noGoTool, notChecked } from "../support/not-checked.ts";

const RULES = fileURLToPath(new URL("../../rules", import.meta.url));

test("pint has nothing to say against the rules", (t) => {
  const pint = findGoTool("pint");
  if (pint === undefined) {
    notChecked(t, noGoTool("pint"));
    return;
  }
  const directory = mkdtempSync(join(tmpdir(), "hairpin-probe-pint-"));
  t.after(() => rmSync(directory, { recursive: true }));
  cpSync(RULES, join(directory, "rules"), { recursive: true });
  // It ends with 0 whatever it finds that is less than an error: what it says is what counts.
  const lint = (): string =>
    spawnSync(pint, ["--no-color", "--offline", "--log-level=warn", "lint", "rules"], { cwd: directory, encoding: "utf8" })
      .stderr;
  assert.equal(lint(), "");
  // The control: it would have.
  const alerts = join(directory, "rules/alerts.yaml");
  writeFileSync(alerts, readFileSync(alerts, "utf8").replace("        for: 5m\n", "        for: 5 minutes\n"));
  assert.match(lint(), /HairpinTimeouts|alerts\.yaml/);
});
