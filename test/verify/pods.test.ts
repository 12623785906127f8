import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { type AgentPod, agentsInPods, type PodAccess } from "../../src/verify/agents/pods.ts";
import { UnreadableError } from "../../src/verify/agents/reading.ts";

const SERVICE = { namespace: "shop", name: "web" };
const PAGE = [
  'hairpin_probe_agent_info{node="n"} 1',
  'hairpin_probe_attempts_total{service_namespace="shop",service_name="web"} 7',
  'hairpin_probe_attempts_total{service_namespace="shop",service_name="other"} 8',
  "nodejs_eventloop_lag_seconds 0.1",
].join("\n");

const podsOf = (count: number): readonly AgentPod[] =>
  Array.from({ length: count }, (_, i) => ({ node: `n${i}`, name: `agent-${i}`, port: 9867 }));

function sourceOf(access: Partial<PodAccess>) {
  const whole = { list: async () => podsOf(1), page: async () => PAGE, close: async () => {}, ...access };
  return agentsInPods(whole, { service: SERVICE, nowMs: () => 5, signal: new AbortController().signal });
}

test("pods are found anew for each reading, and what is read is their nodes'", async () => {
  let rollout = 0;
  const list = async () => [{ node: "n1", name: `agent-${++rollout}`, port: 9000 }];
  const asked: string[] = [];
  const source = sourceOf({
    list,
    async page({ name, port }) {
      asked.push(`${name}:${port}`);
      return PAGE;
    },
  });
  assert.deepEqual([...(await source.read()).pages.keys(), ...(await source.read()).pages.keys()], ["n1", "n1"]);
  assert.deepEqual(asked, ["agent-1:9000", "agent-2:9000"]);
});

test("of a page only what is of use is kept", async () => {
  const { pages, atMs } = await sourceOf({}).read();
  assert.deepEqual(
    pages.get("n0")?.samples.map(({ name, value }) => [name, value]),
    [
      ["hairpin_probe_agent_info", 1],
      ["hairpin_probe_attempts_total", 7],
    ],
  );
  assert.equal(atMs, 5);
});

test("what is kept of a page does not keep its text in memory", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const used = (): number => {
    collect();
    return process.memoryUsage().heapUsed;
  };
  // Read as a whole, as it comes: a text that is put together is held in its parts.
  const page = async () => Buffer.from(`${PAGE}\n${"padding_of_other_metrics 1\n".repeat(20_000)}`).toString();
  const source = sourceOf({ list: async () => podsOf(50), page });
  const before = used();
  const { pages } = await source.read();
  const grown = used() - before;
  assert.ok(grown < 2 * 2 ** 20, `${pages.size} pages of half a megabyte left ${Math.round(grown / 1024)} KB`);
});

test("the API server has at most 16 requests of us at a time, and all agents are asked", async () => {
  let [atWork, most] = [0, 0];
  const page = async () => {
    most = Math.max(most, ++atWork);
    await turn();
    atWork--;
    return PAGE;
  };
  const { pages } = await sourceOf({ list: async () => podsOf(100), page }).read();
  assert.deepEqual([pages.size, most], [100, 16]);
});

for (const count of [1, 40, 49, 50, 200, 1_000]) {
  test(`${count} agents are asked at most every 2 s, and by at most 25 requests a second`, async () => {
    const source = sourceOf({ list: async () => podsOf(count) });
    await source.read();
    const seconds = source.readEveryMs() / 1000;
    assert.ok(seconds >= 2);
    assert.ok((count + 1) / seconds < 25.001);
    assert.ok(seconds === 2 || (count + 1) / seconds > 24, "no slower than it takes");
  });
}

test("one pod that does not answer, or answers with something else, is a gap that says whose it is", async () => {
  const page = async ({ name }: AgentPod) => {
    if (name === "agent-1") throw new Error("status 503");
    return name === "agent-2" ? "<html>" : PAGE;
  };
  const { pages, problems } = await sourceOf({ list: async () => podsOf(4), page }).read();
  assert.deepEqual([...pages.keys()], ["n0", "n3"]);
  assert.deepEqual(problems, ["agent-1 on n1: status 503", "agent-2 on n2: not a sample in the Prometheus text format: <html>"]);
});

test("where no agent may be read that is an error, and no gap of every agent", async () => {
  const page = async () => {
    throw new UnreadableError("not allowed");
  };
  await assert.rejects(sourceOf({ list: async () => podsOf(40), page }).read(), { message: "not allowed" });
});
