/** Text that others wrote, on its way to whoever reads metrics and log. The page and the terminal have tests of their own. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { findPrometheusTool } from "../../scripts/prometheus.mjs";
import type { Control } from "../../src/domain/control.ts";
import { parseExposition, type Sample } from "../../src/domain/exposition.ts";
import { REASONS } from "../../src/domain/outcome.ts";
import { AgentMetrics } from "../../src/metrics/agent-metrics.ts";
import { NO_PROMTOOL } from "../support/promtool.ts";
import { frontend, listener, nlbService, snapshot } from "../support/services.ts";

/** What ends a label, a line, a string, an element, or the reader's patience. */
const EVIL = [
  `"} 1\nhairpin_probe_attempts_total{node="n1"} 1000000\n`,
  "# HELP evil\n# TYPE evil counter\nevil 1\n",
  "\\",
  '\\"',
  "\\n",
  "\r\nSet-Cookie: a=b\r\n\r\n",
  '{"level":"error","msg":"forged"}',
  '"}\n{"level":"error","msg":"forged"}\n',
  "\u0000\u0007\u001b[2J\u202e\u2028\u2029",
  "<script>alert(1)</script>",
  "🦔".repeat(100),
];

/** The page of metrics of an agent where every text from outside is this one. */
async function pageWith(text: string): Promise<string> {
  const metrics = new AgentMetrics({ node: text, nowMs: () => 0, maxSeries: 20_000 });
  const service = nlbService({ namespace: text, name: text, hostname: text, listeners: [listener({ name: text, path: text })] });
  const one = frontend({ id: text, service, address: text, zone: text, exposure: 0.5 });
  const control: Control = { id: text, service, listener: one.listener, address: text, port: 80 };
  metrics.watchAgent(() => ({
    zone: text,
    version: "1.2.3",
    nodeVersion: "v26.0.0",
    evidenceLevel: "counters",
    discoversFrom: "kubernetes",
  }));
  metrics.plan(snapshot({ services: [{ service, backends: [] }] }), [one], [control]);
  for (const reason of REASONS) {
    const outcome = { kind: "failure", reason, phase: "tls", detail: text, seconds: 1, phases: { connect: 0.1 } } as const;
    metrics.outcome(one, outcome);
    metrics.controlOutcome(control, outcome);
  }
  return metrics.registry.render();
}

const shapeOf = (samples: readonly Sample[]): readonly string[] =>
  samples.map(({ name, labels, value }) => `${name} ${Object.keys(labels).join()} ${value}`);

test("on /metrics text stays inside its label, whatever it is, and comes out as it went in", async (t) => {
  const clean = shapeOf(parseExposition(await pageWith("clean")));
  const promtool = findPrometheusTool("promtool");
  if (promtool === undefined) t.diagnostic(NO_PROMTOOL);
  for (const text of EVIL) {
    const page = await pageWith(text);
    const samples = parseExposition(page);
    assert.deepEqual(shapeOf(samples), clean, JSON.stringify(text));
    assert.ok(samples.every(({ labels }) => labels.node === text));
    assert.ok(samples.some(({ labels }) => labels.service_name === text && labels.frontend_zone === text));
    if (promtool === undefined) continue;
    const { status, stdout, stderr } = spawnSync(promtool, ["check", "metrics"], { input: page, encoding: "utf8" });
    assert.deepEqual({ status, said: stdout + stderr }, { status: 0, said: "" }, JSON.stringify(text));
  }
});

test("in the log each event is one line of JSON, with the fields that the agent gave it and no other", () => {
  const script = `
    import { createLogger } from ${JSON.stringify(new URL("../../src/logging.ts", import.meta.url).href)};
    const evil = ${JSON.stringify(EVIL)};
    const { logger } = createLogger({ level: "info", base: { node: evil[0] } }, () => {});
    for (const text of evil) logger.warn({ service: text, detail: text, problems: [text] }, "attempt failed");
  `;
  // It ends once all is written. To flush would write the rest while the first line is still on its way in another thread.
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "--eval", script], { encoding: "utf8" });
  assert.deepEqual([status, stderr], [0, ""]);
  const lines = stdout.split("\n");
  assert.equal(lines.pop(), "");
  assert.equal(lines.length, EVIL.length);
  for (const [i, line] of lines.entries()) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for.
    assert.doesNotMatch(line, /[\u0000-\u001f]/);
    const { time, ...rest } = JSON.parse(line) as { readonly time: string };
    assert.ok(Number.isFinite(Date.parse(time)));
    const [service, detail, problems] = [EVIL[i], EVIL[i], [EVIL[i]]];
    assert.deepEqual(rest, { level: "warn", node: EVIL[0], service, detail, problems, msg: "attempt failed" });
  }
});
