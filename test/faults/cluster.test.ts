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
import { isNightly } from "../support/run-environment.ts";
import { eventually } from "../support/waiting.ts";
import { type AgentProcess, startAgentProcess } from "./agent-process.ts";

const HEAP_FLOOR = fileURLToPath(new URL("../../bench/heap-floor.ts", import.meta.url));
/** Without a burst 20 MB are in use; with a heap of 64 the first of these can end the agent for want of memory. */
const BURSTS: readonly { readonly count: number; readonly heapMb?: number }[] = [{ count: 1_000, heapMb: 96 }, { count: 5_000 }];
const ADDRESS = "10.97.1.1";

const web = (page: readonly Sample[], metric: string, labels: Readonly<Record<string, string>> = {}): number =>
  sumOf(page, `hairpin_probe_${metric}_total`, { service_name: "web", ...labels });
/** Attempts a second that all it knows would take; read without the thousands of lines beside it. */
async function neededBy(agent: AgentProcess): Promise<number> {
  const [, value] = /^hairpin_probe_attempts_per_second_needed\S* (\S+)$/m.exec(await agent.page()) ?? [];
  return Number(value);
}

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

const LOOK_EVERY_MS = 500;
const nameOf = (i: number): string => `burst-${i}`;

/** Makes so many internal NLBs at once, waits until the agent has planned them all, and takes them away at once. */
async function burst({ api, agent }: { readonly api: ApiServer; readonly agent: AgentProcess }, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const hostname = `${nameOf(i)}-0123456789abcdef.elb.eu-west-1.amazonaws.com`;
    api.put(SERVICES, lbcService({ name: nameOf(i), hostname }));
    api.put(SLICES, slice(nameOf(i), [{ address: `10.98.${i >> 8}.${i & 255}`, node: "n1" }]));
  }
  await eventually(async () => {
    // A page of so much is work for the agent: it is not asked all the time.
    await sleep(LOOK_EVERY_MS);
    assert.ok((await neededBy(agent)) >= count);
  });
  for (let i = 0; i < count; i++) {
    api.delete(SERVICES, "shop", nameOf(i));
    api.delete(SLICES, "shop", `${nameOf(i)}-1`);
  }
  await eventually(async () => {
    await sleep(LOOK_EVERY_MS);
    assert.ok((await neededBy(agent)) < 2);
  });
}

async function assertGoesOn(agent: AgentProcess): Promise<void> {
  const before = await agent.scrape();
  await eventually(async () => assert.ok(web(await agent.scrape(), "attempts") >= web(before, "attempts") + 5));
  const after = await agent.scrape();
  const failures = after.filter(
    ({ name, labels, value }) => name === "hairpin_probe_failures_total" && labels.service_name === "web" && value > 0,
  );
  assert.deepEqual(failures, []);
  assert.equal(agent.process.exitCode, null);
}

await inOwnSandbox(import.meta.filename, () => {
  for (const address of [DNS_ADDRESS, ADDRESS]) execFileSync("ip", ["address", "add", `${address}/32`, "dev", "lo"]);
  for (const { count, heapMb } of isNightly ? BURSTS : BURSTS.slice(0, 1)) {
    const title = heapMb === undefined ? "" : ", in a heap that hardly holds them";
    test(`${count} Services made at once and deleted at once${title}: the one that was there before has no failure, and is probed as before`, async (t) => {
      const flags = ["--interval", "1s", "--max-rate", "400", "--max-in-flight", "10000", "--timeout", "60s"];
      const world = await startWorld(t, flags, heapMb === undefined ? [] : [`--max-old-space-size=${heapMb}`]);
      await burst(world, count);
      await assertGoesOn(world.agent);
      assert.equal(sumOf(await world.agent.scrape(), "hairpin_probe_frontends"), 1, "nothing of them is left");
      assert.deepEqual(await world.agent.end(), [0, null], world.agent.stderr());
    });
  }

  test("a Service that goes to zero and comes back unready is probed on, and the page says how many backends it has", async (t) => {
    const { api, agent } = await startWorld(t, ["--interval", "100ms"], []);
    const backends = async (): Promise<readonly number[]> => {
      const page = await agent.scrape();
      return ["true", "false"].map((ready) =>
        sumOf(page, "hairpin_probe_backends", { service_name: "web", service_port: "80", ready }),
      );
    };
    const becomes = (endpoints: Parameters<typeof slice>[1], expected: readonly number[]): Promise<void> => {
      api.put(SLICES, slice("web", endpoints));
      return eventually(async () => assert.deepEqual(await backends(), expected));
    };
    assert.deepEqual(await backends(), [1, 0]);
    await becomes([], [0, 0]);
    await assertGoesOn(agent);
    const [at, unready] = [
      { address: "10.97.2.2", node: "n2" },
      { ready: false, serving: false, terminating: false },
    ];
    await becomes([{ ...at, conditions: unready }], [0, 1]);
    await becomes([at], [1, 0]);
    assert.deepEqual(await agent.end(), [0, null]);
  });

  test("EndpointSlices that change 100 times a second: no failure, attempts are due as before, memory is flat, the last change holds", async (t) => {
    const CHANGES = 1_000;
    const INTERVAL_MS = 50;
    const { api, agent } = await startWorld(
      t,
      ["--interval", `${INTERVAL_MS}ms`],
      ["--max-semi-space-size=1", "--import", HEAP_FLOOR],
    );
    const heapsSoFar = (): readonly number[] =>
      [...agent.stderr().matchAll(/^heap (\d+)$/gm)].map(([, bytes]) => Number(bytes) / 1e6);
    const heapsBefore = heapsSoFar().length;
    const before = await agent.scrape();
    const startedMs = performance.now();
    for (let i = 0; i < CHANGES; i++) {
      const endpoints = Array.from({ length: 20 }, (_, k) => ({ address: `10.97.3.${k}`, node: `n${2 + ((i + k) % 50)}` }));
      api.put(SLICES, slice("web", endpoints));
      await sleep(10);
    }
    const after = await agent.scrape();
    const slots = (performance.now() - startedMs) / INTERVAL_MS;
    const heaps = heapsSoFar().slice(heapsBefore);
    const attempts = web(after, "attempts") - web(before, "attempts");
    const late = sumOf(after, "hairpin_probe_discarded_total") - sumOf(before, "hairpin_probe_discarded_total");
    t.diagnostic(`${attempts} attempts, ${late} discarded, heap ${heaps.map((mb) => mb.toFixed(1)).join(" ")} MB`);
    assert.equal(web(after, "failures"), 0);
    // A slot that a busy machine misses is discarded; one that a change of plan put off again and again would be in neither count.
    assert.ok(attempts + late >= slots / 2, `${attempts} attempts, ${late} discarded, of ${slots} slots`);
    const lowOf = (part: readonly number[]): number => Math.min(...part);
    const half = Math.floor(heaps.length / 2);
    assert.ok(lowOf(heaps.slice(half)) - lowOf(heaps.slice(0, half)) < 5, `heap ${heaps.join(" ")}`);

    assert.equal(web(after, "attempts", { colocated: "true" }), 0);
    api.put(SLICES, slice("web", [{ address: "10.97.2.1", node: "n1" }]));
    await eventually(async () => assert.ok(web(await agent.scrape(), "attempts", { colocated: "true" }) > 0));
    assert.deepEqual(await agent.end(), [0, null]);
  });
});
