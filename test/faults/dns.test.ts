/** DNS that lies, dawdles, flaps or says too much: a real agent with a real resolver, and servers that would take what it must not send. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { inOwnSandbox } from "../../lab/runner/own-sandbox.ts";
import { DNS_ADDRESS } from "../../lab/topology.ts";
import { type Sample, sumOf } from "../../src/domain/exposition.ts";
import { type DnsAnswer, DnsServer } from "../discovery/support/dns-server.ts";
import { eventually } from "../support/waiting.ts";
import { startAgentProcess } from "./agent-process.ts";

const PORT = 8_080;
const ENOUGH = 10;
const LIES = { public: "203.0.113.7", loopback: "127.0.0.1", metadata: "169.254.169.254" } as const;
const GOOD = "10.97.1.1";
const MANY = Array.from({ length: 70 }, (_, i) => `10.97.0.${i + 1}`);
const USED_OF_MANY = 64;

const hostnameOf = (name: string): string => `${name}-0123456789abcdef.elb.eu-west-1.amazonaws.com`;

await inOwnSandbox(import.meta.filename, () => {
  test("names that lie, dawdle, flap or have 70 addresses: nothing reaches a forbidden address, and no other name has a failure", async (t) => {
    for (const address of [DNS_ADDRESS, GOOD, ...MANY, LIES.public, LIES.metadata])
      execFileSync("ip", ["address", "add", `${address}/32`, "dev", "lo"]);
    /** Where connections came in. */
    const reached = new Set<string>();
    const server = createServer((socket) => {
      reached.add(socket.localAddress ?? "");
      socket.on("error", () => {}).resume();
    }).listen(PORT, "0.0.0.0");
    t.after(() => server.close());
    await once(server, "listening");

    await using dns = await DnsServer.start(DNS_ADDRESS, 53);
    const answers: Record<string, DnsAnswer> = {
      good: { a: [GOOD], ttl: 1 },
      slow: { a: [GOOD], ttl: 1, delayMs: 700 },
      flapping: { a: [GOOD], ttl: 1 },
      many: { a: MANY, ttl: 1 },
      ...Object.fromEntries(Object.entries(LIES).map(([name, address]) => [name, { a: [address], ttl: 1 }])),
    };
    for (const [name, answer] of Object.entries(answers)) dns.answers.set(hostnameOf(name), answer);
    const services = Object.keys(answers).map((name) => {
      return { namespace: "shop", name, hostname: hostnameOf(name), ports: [{ port: PORT }] };
    });
    const agent = startAgentProcess({
      sources: { frontends: { services } },
      flags: ["--interval", "200ms", "--max-rate", "1000"],
    });
    let isThere = true;
    const flap = setInterval(() => {
      isThere = !isThere;
      dns.answers.set(hostnameOf("flapping"), isThere ? (answers.flapping ?? "NXDOMAIN") : "NXDOMAIN");
    }, 1_500);
    try {
      await agent.ready();
      const of = (page: readonly Sample[], metric: string, name: string, labels: Readonly<Record<string, string>> = {}): number =>
        sumOf(page, `hairpin_probe_${metric}_total`, { service_name: name, ...labels });
      await eventually(async () => {
        const page = await agent.scrape();
        for (const name of Object.keys(answers)) assert.ok(of(page, "attempts", name) >= ENOUGH, `${name}: too few attempts`);
        assert.ok(of(page, "failures", "flapping", { reason: "dns_error" }) >= ENOUGH, "it was gone for a while");
        assert.ok(of(page, "attempts", "flapping") > of(page, "failures", "flapping") + ENOUGH, "and there for another");
      });
      // What a lie leads to would have come by now.
      await sleep(500);
      const page = await agent.scrape();
      for (const name of ["good", "slow", "many"]) assert.equal(of(page, "failures", name), 0, name);
      const known = of(page, "failures", "flapping", { reason: "dns_error" });
      assert.equal(of(page, "failures", "flapping"), known, "a flapping name is dns_error and nothing else");
      for (const name of Object.keys(LIES)) {
        assert.equal(of(page, "failures", name, { reason: "not_internal" }), of(page, "attempts", name), name);
      }
      assert.deepEqual([...reached].sort(), [GOOD, ...MANY.toSorted().slice(0, USED_OF_MANY)].sort());
      assert.equal(sumOf(page, "hairpin_probe_addresses_skipped", { reason: "over_limit" }), MANY.length - USED_OF_MANY);
    } finally {
      clearInterval(flap);
      await agent.end();
    }
  });
});
