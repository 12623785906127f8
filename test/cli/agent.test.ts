/** The command as a user runs it: on a bare machine, with a file of frontends, a resolver, and nothing of Kubernetes. */
import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { startDnsServer } from "../../lab/dns/server.ts";
import { inOwnSandbox } from "../../lab/runner/own-sandbox.ts";
import { DNS_ADDRESS } from "../../lab/topology.ts";
import { parseExposition, sumOf } from "../../src/domain/exposition.ts";
import { VERSION } from "../../src/version.ts";
import { BARE_ENVIRONMENT } from "../support/bare-environment.ts";
import { eventually } from "../support/waiting.ts";

const BIN = fileURLToPath(new URL("../../bin/hairpin-probe.js", import.meta.url));
const METRICS = "127.0.0.1:19868";
const INTERNAL = "web-0123456789abcdef.elb.eu-west-1.amazonaws.com";
const PUBLIC = "www-0123456789abcdef.elb.eu-west-1.amazonaws.com";
const ADDRESS = "10.98.0.1";

/** Runs the command to its end. */
const run = (argv: readonly string[], env: Readonly<Record<string, string>> = {}) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [BIN, ...argv], {
    encoding: "utf8",
    env: { ...BARE_ENVIRONMENT, ...env },
    timeout: 20_000,
  });
  return { status, stdout, stderr };
};

await inOwnSandbox(import.meta.filename, () => {
  test("--version and --help go to standard output and are no error", () => {
    assert.deepEqual(run(["--version"]), { status: 0, stdout: `${VERSION}\n`, stderr: "" });
    const { status, stdout } = run(["agent", "--help"]);
    assert.equal(status, 0);
    assert.match(stdout, /--interval DURATION/);
  });

  test("a call that cannot work exits with 2 and one sentence for each problem", () => {
    assert.match(run([]).stderr, /^hairpin-probe: no command, expected: agent/);
    assert.equal(run(["probe"]).status, 2);
    const { status, stderr } = run(["agent", "--interval", "ten"], { HAIRPIN_PROBE_TIMEOUT: "1s" });
    assert.equal(status, 2);
    assert.equal(stderr.match(/^hairpin-probe: /gm)?.length, 3, stderr);
  });

  test("a fault of the program in a timer is told, and exits with 70 like any other", () => {
    const thrown = "data:text/javascript,setTimeout(() => { throw new Error('a plan that broke') }, 300)";
    const directory = mkdtempSync(join(tmpdir(), "hairpin-probe-broken-"));
    try {
      const file = join(directory, "nlbs.yaml");
      writeFileSync(file, "services: []\n");
      const { status, stderr } = run(["agent", "--frontends", file, "--metrics-address", METRICS, "--log-level", "silent"], {
        NODE_OPTIONS: `--import "${thrown.replaceAll(" ", "%20")}"`,
      });
      assert.equal(status, 70, stderr);
      assert.match(stderr, /^hairpin-probe: Error: a plan that broke\n/m);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  test("on a bare machine: frontends of a file, metrics, a log line for each failure, exit 0 at SIGTERM", async (t) => {
    for (const address of [ADDRESS, DNS_ADDRESS]) execFileSync("ip", ["address", "add", `${address}/32`, "dev", "lo"]);
    const dns = await startDnsServer({ host: DNS_ADDRESS, port: 53, random: Math.random, onError: console.error });
    t.after(() => dns.close());
    dns.setRecords(
      new Map([
        [INTERNAL, { addresses: [ADDRESS], ttlSeconds: 60 }],
        [`zone-a.${INTERNAL}`, { addresses: [ADDRESS], ttlSeconds: 60 }],
        [PUBLIC, { addresses: ["203.0.113.7"], ttlSeconds: 60 }],
      ]),
    );
    const server = createServer((_, response) => response.end("ok")).listen(8080, ADDRESS);
    t.after(() => server.close());
    const directory = mkdtempSync(join(tmpdir(), "hairpin-"));
    t.after(() => rmSync(directory, { recursive: true }));
    const file = join(directory, "nlbs.yaml");
    writeFileSync(
      file,
      `services:
  - { namespace: shop, name: web, hostname: ${INTERNAL}, ports: [{ port: 8080, protocol: http }], targetType: instance,
      preserveClientIp: true, crossZone: false, backends: [{ node: vm-1, zone: zone-a }] }
  - { namespace: shop, name: www, hostname: ${PUBLIC}, ports: [{ port: 80, protocol: http }] }
`,
    );
    const flags = ["--frontends", file, "--node-name", "vm-1", "--metrics-address", METRICS, "--interval", "100ms"];
    const agent = spawn(process.execPath, [BIN, "agent", ...flags], {
      stdio: ["ignore", "pipe", "inherit"],
      env: BARE_ENVIRONMENT,
    });
    let log = "";
    agent.stdout.setEncoding("utf8").on("data", (text: string) => {
      log += text;
    });
    const exited = once(agent, "exit");
    try {
      await eventually(async () => {
        const samples = parseExposition(await (await fetch(`http://${METRICS}/metrics`)).text());
        const web = { service_name: "web", frontend_zone: "zone-a", colocated: "true", service_port: "8080" };
        assert.ok(sumOf(samples, "hairpin_probe_attempts_total", web) >= 5);
        assert.equal(sumOf(samples, "hairpin_probe_failures_total", web), 0);
        const www = { service_name: "www" };
        const refused = sumOf(samples, "hairpin_probe_failures_total", { ...www, reason: "not_internal" });
        assert.ok(refused >= 5);
        assert.equal(refused, sumOf(samples, "hairpin_probe_attempts_total", www));
        // Whoever waits for news from an API server is to know that this one asks none.
        const itself = { discovers_from: "file", evidence_level: "counters" };
        assert.equal(sumOf(samples, "hairpin_probe_agent_info", itself), 1);
        // What a file lists is not watched: whether it is ready, nobody knows.
        assert.ok(!samples.some(({ name }) => name === "hairpin_probe_backends"));
      });
      assert.equal((await fetch(`http://${METRICS}/readyz`)).status, 200);
    } finally {
      agent.kill("SIGTERM");
    }
    assert.deepEqual(await exited, [0, null]);
    const lines = log
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const failures = lines.filter(({ msg }) => msg === "attempt failed");
    assert.ok(failures.length >= 5);
    for (const { service, reason, phase } of failures)
      assert.deepEqual([service, reason, phase], ["shop/www", "not_internal", "dns"]);
    assert.equal(lines.at(-1)?.msg, "agent stopped");
  });

  test("a frontends file with mistakes: exit 2, each with its line", (t) => {
    const directory = mkdtempSync(join(tmpdir(), "hairpin-"));
    t.after(() => rmSync(directory, { recursive: true }));
    const file = join(directory, "nlbs.yaml");
    writeFileSync(file, "services:\n  - namespace: shop\n    name: web\n    ports: [{ port: 80000 }]\n");
    const { status, stderr } = run(["agent", "--frontends", file]);
    assert.equal(status, 2);
    assert.match(stderr, /80000, expected a port from 1 to 65535/);
  });
});
