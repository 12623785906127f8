import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { findPrometheusTool } from "../../scripts/prometheus.mjs";
import { METRICS } from "../../src/metrics/definitions.ts";
import { fullPage } from "../support/full-page.ts";
import { notChecked } from "../support/not-checked.ts";
import { NO_PROMTOOL } from "../support/promtool.ts";

test("every metric of the table is on the page, and no other", async () => {
  const names = [...(await fullPage()).matchAll(/^# TYPE (\w+)/gm)].map(([, name]) => name);
  assert.deepEqual(names.sort(), Object.keys(METRICS).sort());
});

test("promtool has nothing to say against the page", async (t) => {
  const promtool = findPrometheusTool("promtool");
  if (promtool === undefined) {
    notChecked(t, NO_PROMTOOL);
    return;
  }
  const check = (page: string) => {
    const { status, stdout, stderr } = spawnSync(promtool, ["check", "metrics"], { input: page, encoding: "utf8" });
    return { status, said: stdout + stderr };
  };
  assert.deepEqual(check(await fullPage()), { status: 0, said: "" });
  // The control: it would have.
  assert.equal(check("# TYPE things counter\nthings 1\n").status, 3);
});
