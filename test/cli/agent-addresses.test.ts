/** What the agent does with what DNS answers, as a user runs it: real names, real sockets, no Kubernetes. */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { PROGRAM } from "../../lab/program.ts";
import { inOwnSandbox } from "../../lab/runner/own-sandbox.ts";
import { DNS_ADDRESS } from "../../lab/topology.ts";
import { parseExposition, type Sample, sumOf } from "../../src/domain/exposition.ts";
import { DnsServer } from "../discovery/support/dns-server.ts";
import { BARE_ENVIRONMENT } from "../support/bare-environment.ts";
import { eventually } from "../support/waiting.ts";

const METRICS = "127.0.0.1:19869";
const PORT = 8080;
/** Two zones of one NLB, an NLB in a VPC on public addresses, and one that may not be probed. */
const [A, B, ALLOWED, PUBLIC] = ["10.98.0.1", "10.98.0.2", "203.0.113.7", "198.51.100.7"] as const;
const GLOBAL_V6 = "2600:1f18::1";
const nameOf = (service: string): string => `${service}-0123456789abcdef.elb.eu-west-1.amazonaws.com`;

/** What each name answers at first. Those of the second part may not be probed. */
const PROBED = { zonal: { a: [A, B] }, dual: { a: [A], aaaa: [GLOBAL_V6] }, allowed: { a: [ALLOWED] } } as const;
const REFUSED = {
  loopback: { a: ["127.0.0.1"] },
  metadata: { a: ["169.254.169.254"] },
  public: { a: [PUBLIC] },
  v6: { aaaa: [GLOBAL_V6] },
} as const;

const serviceOf = (name: string): string =>
  `  - { namespace: shop, name: ${name}, hostname: ${nameOf(name)}, ports: [{ port: ${PORT}, protocol: http }] }`;

await inOwnSandbox(import.meta.filename, () => {
  test("dual-stack, allowed, refused and withdrawn addresses", async (t) => {
    for (const address of [A, B, ALLOWED, PUBLIC, DNS_ADDRESS])
      execFileSync("ip", ["address", "add", `${address}/32`, "dev", "lo"]);
    await using dns = await DnsServer.start(DNS_ADDRESS, 53);
    for (const [name, answer] of Object.entries({ ...PROBED, ...REFUSED })) dns.answers.set(nameOf(name), { ...answer, ttl: 1 });
    // It listens on every address, those that may not be probed too: nothing but the agent itself keeps the agent away.
    const reached = new Set<string>();
    const server = createServer((_, response) => response.end("ok")).listen(PORT, "0.0.0.0");
    server.on("connection", (socket) => reached.add((socket.address() as AddressInfo).address));
    t.after(() => server.close());
    const directory = mkdtempSync(join(tmpdir(), "hairpin-"));
    t.after(() => rmSync(directory, { recursive: true }));
    const file = join(directory, "nlbs.yaml");
    writeFileSync(file, ["services:", ...Object.keys({ ...PROBED, ...REFUSED }).map(serviceOf)].join("\n"));
    const flags = ["--frontends", file, "--node-name", "vm-1", "--metrics-address", METRICS, "--interval", "100ms"];
    const own = ["--withdrawn-grace", "3s", "--allow-cidr", "203.0.113.0/24"];
    const agent = spawn(process.execPath, [PROGRAM, "agent", ...flags, ...own], {
      stdio: ["ignore", "pipe", "inherit"],
      env: BARE_ENVIRONMENT,
    });
    let log = "";
    agent.stdout.setEncoding("utf8").on("data", (text: string) => {
      log += text;
    });
    const exited = once(agent, "exit");
    const scrape = async (): Promise<readonly Sample[]> =>
      parseExposition(await (await fetch(`http://${METRICS}/metrics`)).text());
    const failuresOf = (frontend: string) =>
      log
        .split("\n")
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Record<string, unknown>)
        .filter((line) => line.msg === "attempt failed" && line.frontend === `${frontend}:${PORT}`);
    try {
      await eventually(async () => {
        const samples = await scrape();
        for (const name of Object.keys(PROBED)) {
          const where = { service_name: name };
          assert.ok(sumOf(samples, "hairpin_probe_attempts_total", where) >= 5, name);
          assert.equal(sumOf(samples, "hairpin_probe_failures_total", where), 0, name);
        }
        for (const name of Object.keys(REFUSED)) {
          const where = { service_name: name };
          const refused = sumOf(samples, "hairpin_probe_failures_total", { ...where, reason: "not_internal" });
          assert.ok(refused >= 5, name);
          assert.equal(refused, sumOf(samples, "hairpin_probe_attempts_total", where), name);
        }
        assert.equal(sumOf(samples, "hairpin_probe_frontends", { service_name: "dual" }), 1);
        assert.equal(sumOf(samples, "hairpin_probe_frontends", { service_name: "zonal" }), 2);
        assert.equal(sumOf(samples, "hairpin_probe_addresses_skipped", { reason: "ipv6_not_private" }), 1);
      });
      assert.deepEqual([...reached].sort(), [A, B, ALLOWED].sort());

      // The second zone goes: out of DNS, and what was behind it.
      dns.answers.set(nameOf("zonal"), { a: [A], ttl: 1 });
      execFileSync("ip", ["address", "del", `${B}/32`, "dev", "lo"]);
      await eventually(() => assert.ok(failuresOf(B).some(({ withdrawn }) => withdrawn === true)));
      assert.equal(sumOf(await scrape(), "hairpin_probe_frontends", { service_name: "zonal" }), 2);
      await eventually(async () => {
        assert.equal(sumOf(await scrape(), "hairpin_probe_frontends", { service_name: "zonal" }), 1);
      });
    } finally {
      agent.kill("SIGTERM");
    }
    assert.deepEqual(await exited, [0, null]);
    const last = failuresOf(B).at(-1);
    assert.deepEqual([last?.service, last?.withdrawn], ["shop/zonal", true]);
    assert.deepEqual(failuresOf(A), []);
    for (const { withdrawn } of failuresOf(PUBLIC)) assert.equal(withdrawn, false);
  });
});
