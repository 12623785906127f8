/** A cluster that changes more than any should: a real agent goes on probing the one NLB that was there all the time. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { inOwnSandbox } from "../../lab/runner/own-sandbox.ts";
import { DNS_ADDRESS } from "../../lab/topology.ts";
import { type Sample, sumOf } from "../../src/domain/exposition.ts";
import { ApiServer } from "../discovery/support/api-server.ts";
import { DnsServer } from "../discovery/support/dns-server.ts";
import { lbcService, NLB_HOSTNAME, slice } from "../discovery/support/objects.ts";
import { SERVICES, SLICES } from "../discovery/support/running-discovery.ts";
import { eventually } from "../support/waiting.ts";
import { type AgentProcess, startAgentProcess } from "./agent-process.ts";

const HEAP_FLOOR = fileURLToPath(new URL("../../bench/heap-floor.ts", import.meta.url));
/** Without the burst 20 are in use; with 64 the burst can end the agent for want of memory. */
const TIGHT_HEAP_MB = 96;
const ADDRESS = "10.97.1.1";

const web = (page: readonly Sample[], metric: string, labels: Readonly<Record<string, string>> = {}): number =>
  sumOf(page, `hairpin_probe_${metric}_total`, { service_name: "web", ...labels });
const needed = (page: readonly Sample[]): number => sumOf(page, "hairpin_probe_attempts_per_second_needed");

/** One internal NLB that answers, in a cluster that the test may change. */
async function startWorld(t: TestContext, flags: readonly string[], nodeFlags: readonly string[]) {
  const server = createServer((_, response) => response.end("ok")).listen(80, ADDRESS);
  await once(server, "listening");
  const dns = await DnsServer.start(DNS_ADDRESS, 53);
  dns.answers.set(NLB_HOSTNAME, { a: [ADDRESS], ttl: 60 });
  const api = await ApiServer.start();
  api.put(SERVICES, lbcService());
  api.put(SLICES, slice("web", [{ address: "10.97.2.1", node: "n2" }]));
  const agent = startAgentProcess({ sources: { apiServer: api.url }, flags: ["--log-level", "error", ...flags], nodeFlags });
  t.after(async () => {
    await agent.end("SIGKILL");
    await api[Symbol.asyncDispose]();
    await dns[Symbol.asyncDispose]();
    server.closeAllConnections();
    server.close();
  });
  await agent.ready();
  // A question to DNS that gets lost is asked again after seconds.
  await eventually(async () => assert.ok(web(await agent.scrape(), "attempts") >= 3));
  return { api, agent };
}

const nameOf = (i: number): string => `burst-${i}`;

/** Makes so many internal NLBs at once, waits until the agent has planned them all, and takes them away at once. */
async function burst({ api, agent }: { readonly api: ApiServer; readonly agent: AgentProcess }, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const hostname = `${nameOf(i)}-0123456789abcdef.elb.eu-west-1.amazonaws.com`;
    api.put(SERVICES, lbcService({ name: nameOf(i), hostname }));
    api.put(SLICES, slice(nameOf(i), [{ address: `10.98.${i >> 8}.${i & 255}`, node: "n1" }]));
  }
  await eventually(async () => assert.ok(needed(await agent.scrape()) >= count));
  for (let i = 0; i < count; i++) {
    api.delete(SERVICES, "shop", nameOf(i));
    api.delete(SLICES, "shop", `${nameOf(i)}-1`);
  }
  await eventually(async () => assert.ok(needed(await agent.scrape()) < 2));
}

async function assertGoesOn(agent: AgentProcess): Promise<void> {
  const before = await agent.scrape();
  await eventually(async () => assert.ok(web(await agent.scrape(), "attempts") >= web(before, "attempts") + 5));
  assert.equal(web(await agent.scrape(), "failures"), 0);
  assert.equal(agent.process.exitCode, null);
}

await inOwnSandbox(import.meta.filename, () => {
  for (const address of [DNS_ADDRESS, ADDRESS]) execFileSync("ip", ["address", "add", `${address}/32`, "dev", "lo"]);
  const flags = ["--interval", "1s", "--max-rate", "1000", "--max-in-flight", "10000"];

  test("5,000 Services made at once and deleted at once: the one that was there before has no failure, and is probed as before", async (t) => {
    const world = await startWorld(t, flags, []);
    await burst(world, 5_000);
    await assertGoesOn(world.agent);
    const page = await world.agent.scrape();
    assert.equal(sumOf(page, "hairpin_probe_frontends"), 1, "nothing of them is left");
    assert.deepEqual(await world.agent.end(), [0, null]);
  });

  test("1,000 Services made and deleted in a heap that hardly holds them: the collector may make attempts late, and none of them fails", async (t) => {
    const world = await startWorld(t, flags, [`--max-old-space-size=${TIGHT_HEAP_MB}`]);
    await burst(world, 1_000);
    await assertGoesOn(world.agent);
    assert.deepEqual(await world.agent.end(), [0, null], world.agent.stderr());
  });

  test("EndpointSlices that change 100 times a second: no failure, attempts are due as before, memory is flat, the last change holds", async (t) => {
    const SECONDS = 12;
    const { api, agent } = await startWorld(t, ["--interval", "50ms"], ["--max-semi-space-size=1", "--import", HEAP_FLOOR]);
    const before = await agent.scrape();
    const startedMs = performance.now();
    for (let i = 0; performance.now() - startedMs < SECONDS * 1000; i++) {
      const endpoints = Array.from({ length: 20 }, (_, k) => ({ address: `10.97.3.${k}`, node: `n${2 + ((i + k) % 50)}` }));
      api.put(SLICES, slice("web", endpoints));
      await sleep(10);
    }
    const heaps = [...agent.stderr().matchAll(/^heap (\d+)$/gm)].map(([, bytes]) => Number(bytes) / 1e6).slice(-SECONDS);
    const after = await agent.scrape();
    const attempts = web(after, "attempts") - web(before, "attempts");
    const late = sumOf(after, "hairpin_probe_discarded_total") - sumOf(before, "hairpin_probe_discarded_total");
    t.diagnostic(`${attempts} attempts, ${late} discarded, heap ${heaps.map((mb) => mb.toFixed(1)).join(" ")} MB`);
    assert.equal(web(after, "failures"), 0);
    assert.ok(attempts + late >= SECONDS * 20 * 0.9, `${attempts} attempts, ${late} discarded`);
    assert.ok(late <= attempts * 0.1, `${late} discarded`);
    const lowOf = (part: readonly number[]): number => Math.min(...part);
    const half = Math.floor(heaps.length / 2);
    assert.ok(lowOf(heaps.slice(half)) - lowOf(heaps.slice(0, half)) < 5, `heap ${heaps.join(" ")}`);

    assert.equal(web(after, "attempts", { colocated: "true" }), 0);
    api.put(SLICES, slice("web", [{ address: "10.97.2.1", node: "n1" }]));
    await eventually(async () => assert.ok(web(await agent.scrape(), "attempts", { colocated: "true" }) > 0));
    assert.deepEqual(await agent.end(), [0, null]);
  });
});
