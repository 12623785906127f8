import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { findPromtool } from "../../scripts/promtool.mjs";
import { PHASES, REASONS } from "../../src/domain/outcome.ts";
import { AgentMetrics } from "../../src/metrics/agent-metrics.ts";
import { METRICS } from "../../src/metrics/definitions.ts";
import { frontend, snapshot } from "../support/services.ts";

/** A page with every metric that there is, each with a value. */
async function fullPage(): Promise<string> {
  const metrics = new AgentMetrics({ node: "n1", nowMs: () => 0 });
  const one = frontend({ exposure: 0.5 });
  const discovered = snapshot({ services: [{ service: one.service, backends: [] }] });
  metrics.watchSnapshotAge(() => 1_500);
  metrics.describeAgent({ zone: "eu-west-1a", version: "1.2.3", nodeVersion: "v26.0.0" });
  metrics.plan(discovered, [one]);
  metrics.started(0.001);
  metrics.resolved(0.002);
  const phases = Object.fromEntries(PHASES.map((phase) => [phase, 0.001]));
  metrics.outcome(one, { kind: "success", phases, certificateExpiry: 2_000_000_000 });
  for (const reason of REASONS)
    metrics.outcome(one, { kind: "failure", reason, phase: "connect", detail: "", seconds: 1, phases: {} });
  metrics.outcome(one, { kind: "discarded", why: "late" });
  metrics.discoveryError("services");
  return metrics.registry.render();
}

test("every metric of the table is on the page, and no other", async () => {
  const names = [...(await fullPage()).matchAll(/^# TYPE (\w+)/gm)].map(([, name]) => name);
  assert.deepEqual(names.sort(), Object.keys(METRICS).sort());
});

test("promtool has nothing to say against the page", async (t) => {
  const promtool = findPromtool();
  if (promtool === undefined) {
    t.diagnostic("NOT CHECKED: there is no promtool here (Debian package prometheus)");
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
