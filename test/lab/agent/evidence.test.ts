/** Who is a hairpin and who is not, by the kernel's counters alone: a real agent among hairpins, silent drops and healthy frontends. */
import assert from "node:assert/strict";
import { Resolver } from "node:dns/promises";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { cpuSeconds } from "../../../bench/process-cost.ts";
import { API_SERVER_URL } from "../../../lab/agents.ts";
import { WEB } from "../../../lab/cluster/defaults.ts";
import { inOwnSandbox } from "../../../lab/runner/own-sandbox.ts";
import { type RunningLab, startLab } from "../../../lab/running-lab.ts";
import { BACKEND_HTTP_PORT, buildTopology, DNS_ADDRESS } from "../../../lab/topology.ts";
import { sumOf } from "../../../src/domain/exposition.ts";

const PREFIX = "service.beta.kubernetes.io/aws-load-balancer-";
const ATTRIBUTES = `${PREFIX}target-group-attributes`;
/** Ten frontends: three hairpin every time, one is dropped silently, six are healthy. */
const KINDS = ["hairpin", "hairpin", "hairpin", "drop", ...Array.from({ length: 6 }, () => "healthy" as const)] as const;
const TIMEOUT_MS = 3_000;

const post = async (path: string, body: object) => {
  const response = await fetch(`${API_SERVER_URL}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  assert.ok(response.ok, await response.text());
};

/** One NLB Service each, in front of the only backend there is. */
const createServices = async (lab: RunningLab) => {
  const [node] = lab.topology.nodes;
  for (const [i, kind] of KINDS.entries()) {
    const name = `${kind}-${i}`;
    const preserve = kind === "hairpin";
    await post("/api/v1/namespaces/mix/services", {
      apiVersion: "v1",
      kind: "Service",
      metadata: {
        namespace: "mix",
        name,
        annotations: { [`${PREFIX}scheme`]: "internal", [ATTRIBUTES]: `preserve_client_ip.enabled=${preserve}` },
      },
      spec: {
        type: "LoadBalancer",
        loadBalancerClass: "service.k8s.aws/nlb",
        clusterIP: `172.20.1.${i + 1}`,
        selector: { app: "web" },
        ports: [{ name: "tcp", port: 80, targetPort: 9_000, nodePort: 31_100 + i, protocol: "TCP" }],
      },
    });
    await post("/apis/discovery.k8s.io/v1/namespaces/mix/endpointslices", {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: { namespace: "mix", name, labels: { "kubernetes.io/service-name": name } },
      addressType: "IPv4",
      endpoints: [{ addresses: [node?.backend.address], conditions: { ready: true }, nodeName: node?.name, zone: node?.zone }],
      ports: [{ name: "tcp", port: BACKEND_HTTP_PORT, protocol: "TCP" }],
    });
  }
};

const addressOf = async (lab: RunningLab, name: string): Promise<string> => {
  const resolver = new Resolver();
  resolver.setServers([DNS_ADDRESS]);
  const [address] = await resolver.resolve4(lab.cluster.hostname("mix", name) ?? "");
  return address ?? assert.fail(`${name} has no address`);
};

await inOwnSandbox(import.meta.filename, () => {
  for (const { rate, seconds, precision, recall } of [
    { rate: 50, seconds: 40, precision: 0.99, recall: 0.95 },
    { rate: 200, seconds: 20, precision: 0.97, recall: 0 },
  ]) {
    test(`at ${rate} attempts a second, 30 % hairpins and 10 % drops: precision ${precision}, recall ${recall}`, async (t) => {
      const topology = buildTopology({ nodes: 1, zones: 1 });
      const interval = `${(KINDS.length * 1000) / rate}ms`;
      const lab = await startLab({
        topology,
        agentFlags: ["--interval", interval, "--timeout", `${TIMEOUT_MS}ms`],
        signal: new AbortController().signal,
        onError: console.error,
      });
      try {
        lab.cluster.annotate(WEB.namespace, WEB.name, { "hairpin-probe/probe": "false" });
        await createServices(lab);
        await lab.cluster.settled();
        lab.cluster.setFaults([{ kind: "silent_drop", address: await addressOf(lab, "drop-3") }]);
        await lab.cluster.settled();
        await sleep(TIMEOUT_MS + 2_000);
        const [agent] = lab.agents;
        assert.ok(agent !== undefined);
        const before = agent.log.length;
        const cpu = cpuSeconds(agent.process.pid ?? 0);
        await sleep(seconds * 1000);
        const share = (cpuSeconds(agent.process.pid ?? 0) - cpu) / seconds;
        const lines = agent.log.slice(before).filter(({ msg }) => msg === "attempt failed");
        const counts: Record<string, Record<string, number>> = { hairpin: {}, drop: {}, healthy: {} };
        for (const { service, evidence } of lines) {
          const row = counts[String(service).replace(/^mix\/(\w+)-\d+$/, "$1")] ?? {};
          row[String(evidence)] = (row[String(evidence)] ?? 0) + 1;
        }
        const total = (kind: string) => Object.values(counts[kind] ?? {}).reduce((sum, n) => sum + n, 0);
        const convicted = (kind: string) => counts[kind]?.reset ?? 0;
        t.diagnostic(`${JSON.stringify(counts)} CPU of the agent ${(share * 100).toFixed(1)} %`);
        const samples = await agent.scrape();
        t.diagnostic(
          `attempts ${sumOf(samples, "hairpin_probe_attempts_total")} discarded ${sumOf(samples, "hairpin_probe_discarded_total")}`,
        );
        assert.ok(total("hairpin") > 0.2 * rate * seconds && total("drop") > 0.06 * rate * seconds, JSON.stringify(counts));
        const measuredPrecision = convicted("hairpin") / (convicted("hairpin") + convicted("drop") + convicted("healthy"));
        const measuredRecall = convicted("hairpin") / total("hairpin");
        t.diagnostic(`precision ${measuredPrecision.toFixed(4)} recall ${measuredRecall.toFixed(4)}`);
        assert.ok(measuredPrecision >= precision, `precision ${measuredPrecision}`);
        assert.ok(measuredRecall >= recall, `recall ${measuredRecall}`);
      } finally {
        await lab.down();
      }
    });
  }
});
