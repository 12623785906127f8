import assert from "node:assert/strict";
import { Resolver } from "node:dns/promises";
import { type TestContext, test } from "node:test";
import { startCluster } from "../../../lab/cluster/cluster.ts";
import { AGENTS, kubeconfig, WEB } from "../../../lab/cluster/defaults.ts";
import { toEndpointSlice } from "../../../lab/cluster/objects.ts";
import type { Network } from "../../../lab/network.ts";
import { buildTopology } from "../../../lab/topology.ts";
import { PATIENCE_MS } from "../../support/waiting.ts";

const ATTRIBUTES = "service.beta.kubernetes.io/aws-load-balancer-target-group-attributes";
const topology = buildTopology({ nodes: 3, zones: 2 });
const LOCALHOST = { host: "127.0.0.1", port: 0 };

async function start(t: TestContext, apply: (network: Network) => Promise<unknown> = async () => {}) {
  const applied: Network[] = [];
  const errors: string[] = [];
  const cluster = await startCluster({
    topology,
    random: Math.random,
    api: LOCALHOST,
    dns: LOCALHOST,
    onError: ({ message }) => errors.push(message),
    apply: (network) => {
      applied.push(network);
      return apply(network);
    },
  });
  t.after(() => cluster.close());
  const last = () => applied.at(-1) ?? assert.fail("nothing was applied");
  const annotate = (value: string | null) => cluster.annotate(WEB.namespace, WEB.name, { [ATTRIBUTES]: value });
  return { cluster, applied, errors, last, annotate };
}

test("a cluster begins with shop/web behind an NLB that DNS knows, and with the agents' own Service", async (t) => {
  const { cluster, applied } = await start(t);
  await cluster.settled();
  assert.equal(applied.length, 1, "all objects of the start are one change");
  const hostname = cluster.hostname(WEB.namespace, WEB.name) ?? "";
  assert.match(hostname, /\.elb\.eu-west-1\.amazonaws\.com$/);
  const resolver = new Resolver({ timeout: PATIENCE_MS, tries: 1 });
  resolver.setServers([`127.0.0.1:${cluster.dns.port}`]);
  assert.equal((await resolver.resolve4(hostname)).length, 2);
  assert.deepEqual(await resolver.resolve4(`eu-west-1b.${hostname}`), ["10.0.67.1"]);
  assert.equal(cluster.hostname(AGENTS.namespace, AGENTS.name), undefined);
  const agents = toEndpointSlice(cluster.store.get("endpointslices", AGENTS.namespace, "hairpin-probe-1"));
  assert.deepEqual(
    agents.endpoints.map(({ nodeName, zone }) => `${nodeName} ${zone}`),
    ["node-1 eu-west-1a", "node-2 eu-west-1a", "node-3 eu-west-1b"],
  );
});

test("an annotation, by whatever client, becomes the network's rules", async (t) => {
  const { cluster, last, annotate } = await start(t);
  await cluster.settled();
  assert.equal(last().listeners[0]?.preserveClientIp, true);
  const response = await fetch(`http://127.0.0.1:${cluster.api.port}/api/v1/namespaces/shop/services/web`, {
    method: "PATCH",
    headers: { "content-type": "application/merge-patch+json", connection: "close" },
    body: JSON.stringify({ metadata: { annotations: { [ATTRIBUTES]: "preserve_client_ip.enabled=false" } } }),
  });
  assert.equal(response.status, 200);
  await response.text();
  await cluster.settled();
  assert.equal(last().listeners[0]?.preserveClientIp, false);
  annotate("preserve_client_ip.enabled=true");
  await cluster.settled();
  assert.equal(last().listeners[0]?.preserveClientIp, true);
  assert.throws(() => cluster.annotate("shop", "nobody", {}), { code: 404 });
});

test("pods move, policies and faults change: each is in the next network", async (t) => {
  const { cluster, last } = await start(t);
  cluster.moveBackends(["node-2"]);
  cluster.setExternalTrafficPolicy(WEB.namespace, WEB.name, "Local");
  cluster.setFaults([{ kind: "syn_loss", share: 0.5 }]);
  await cluster.settled();
  const { servicePorts, listeners, faults } = last();
  assert.deepEqual(
    [servicePorts[0]?.externalTrafficPolicy, servicePorts[0]?.endpoints.map(({ node }) => node)],
    ["Local", ["node-2"]],
  );
  assert.deepEqual(
    listeners[0]?.targets.map(({ node }) => node),
    ["node-2"],
  );
  assert.deepEqual(faults, [{ kind: "syn_loss", share: 0.5 }]);
  assert.throws(() => cluster.moveBackends(["node-9"]), { name: "RangeError", message: /"node-9".*node-1, node-2, node-3/ });
});

test("nodes join: only those that are in the cluster are targets, and are told to the agents", async (t) => {
  const { cluster, last } = await start(t);
  const targets = () => last().listeners[0]?.targets.map(({ node }) => node);
  const agents = () =>
    cluster.store
      .list("endpointslices")
      .map(toEndpointSlice)
      .filter(({ metadata }) => metadata.namespace === AGENTS.namespace)
      .flatMap(({ endpoints }) => endpoints.map(({ nodeName }) => nodeName));
  cluster.setNodes(["node-1", "node-3"]);
  await cluster.settled();
  assert.deepEqual(
    [targets(), agents()],
    [
      ["node-1", "node-3"],
      ["node-1", "node-3"],
    ],
  );
  cluster.setNodes(["node-1", "node-2", "node-3"]);
  await cluster.settled();
  assert.deepEqual([targets()?.length, agents().length], [3, 3]);
  assert.throws(() => cluster.setNodes(["node-9"]), { name: "RangeError", message: /"node-9".*node-1, node-2, node-3/ });
});

test("a change that makes no difference to the network does not touch it", async (t) => {
  const { cluster, applied } = await start(t);
  await cluster.settled();
  cluster.annotate(WEB.namespace, WEB.name, { "example.com/note": "nothing to do with it" });
  await cluster.settled();
  assert.equal(applied.length, 1);
});

test("the network is changed one at a time, and the latest state wins", async (t) => {
  let inFlight = 0;
  const seen: number[] = [];
  const gates: (() => void)[] = [];
  const { cluster, applied, annotate } = await start(t, async () => {
    seen.push(++inFlight);
    await new Promise<void>((resolve) => gates.push(resolve));
    inFlight--;
  });
  const settled = cluster.settled();
  while (gates.length === 0) await new Promise((resolve) => setImmediate(resolve));
  for (const value of ["false", "true", "false"]) {
    annotate(`preserve_client_ip.enabled=${value}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
  gates[0]?.();
  while (gates.length < 2) await new Promise((resolve) => setImmediate(resolve));
  gates[1]?.();
  await settled;
  assert.deepEqual(seen, [1, 1]);
  assert.deepEqual(
    applied.map(({ listeners }) => listeners[0]?.preserveClientIp),
    [true, false],
  );
});

test("what keeps the network from following is told to whoever waits, and the next change tries again", async (t) => {
  let broken = true;
  const { cluster, errors, annotate } = await start(t, async () => {
    if (broken) throw new Error("nft: no");
  });
  await assert.rejects(cluster.settled(), { message: "nft: no" });
  assert.deepEqual(errors, ["nft: no"]);
  assert.equal(cluster.hostname(WEB.namespace, WEB.name), undefined, "an NLB that is not there has no name yet");
  broken = false;
  annotate("preserve_client_ip.enabled=false");
  await cluster.settled();
  assert.notEqual(cluster.hostname(WEB.namespace, WEB.name), undefined);
});

test("annotations that the controller refuses are told once, and change nothing", async (t) => {
  const { cluster, errors, last, annotate } = await start(t);
  annotate("preserve_client_ip.enabled=false");
  await cluster.settled();
  annotate("preserve_client_ip.enabled=perhaps");
  await cluster.settled();
  cluster.moveBackends(["node-1"]);
  await cluster.settled();
  assert.equal(errors.length, 1);
  assert.match(errors[0] ?? "", /^Service shop\/web: .*"perhaps"/);
  assert.equal(last().listeners[0]?.preserveClientIp, false);
});

test("with its Service go the NLB, its names and the slices", async (t) => {
  const { cluster, last } = await start(t);
  await cluster.settled();
  cluster.store.delete("services", WEB.namespace, WEB.name);
  await cluster.settled();
  assert.deepEqual([last().listeners, last().servicePorts], [[], []]);
  assert.equal(cluster.store.find("endpointslices", WEB.namespace, "web-1"), undefined);
  assert.notEqual(cluster.store.find("endpointslices", AGENTS.namespace, "hairpin-probe-1"), undefined);
});

test("nothing is applied after it is closed", async (t) => {
  const { cluster, applied } = await start(t);
  await cluster.settled();
  await cluster.close();
  cluster.setFaults([{ kind: "syn_loss", share: 1 }]);
  await assert.rejects(cluster.settled(), /closed/);
  assert.equal(applied.length, 1);
});

test("the kubeconfig names the server, and the token if there is one", () => {
  const parsed = JSON.parse(kubeconfig("http://10.0.0.3:6443", "secret"));
  assert.equal(parsed.clusters[0].cluster.server, "http://10.0.0.3:6443");
  assert.deepEqual(parsed.users, [{ name: "lab", user: { token: "secret" } }]);
  assert.equal(parsed["current-context"], parsed.contexts[0].name);
});
