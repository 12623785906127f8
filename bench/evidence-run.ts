import { Resolver } from "node:dns/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { API_SERVER_URL, type LabAgent } from "../lab/agents.ts";
import { WEB } from "../lab/cluster/defaults.ts";
import { type RunningLab, withLab } from "../lab/running-lab.ts";
import { BACKEND_HTTP_PORT, buildTopology, DNS_ADDRESS } from "../lab/topology.ts";

const PREFIX = "service.beta.kubernetes.io/aws-load-balancer-";
const ATTRIBUTES = `${PREFIX}target-group-attributes`;
/** Ten frontends: three hairpin every time, one is dropped silently, six are healthy. */
const KINDS = ["hairpin", "hairpin", "hairpin", "drop", ...Array.from({ length: 6 }, () => "healthy" as const)] as const;
const TIMEOUT_MS = 3_000;

export type Kind = (typeof KINDS)[number];

/** Timeouts of one kind of frontend, by what the agent's evidence says of them. */
export interface Timeouts {
  readonly total: number;
  /** Those that the agent calls hairpins. */
  readonly convicted: number;
  /** Those of which it says that no answer came. */
  readonly silent: number;
}

export interface EvidenceRun {
  readonly agent: LabAgent;
  /** What was logged since the lab was as it is to be. */
  timeouts(): Readonly<Record<Kind, Timeouts>>;
}

/** A lab with one agent among hairpins, silent drops and healthy frontends, at this many attempts a second. */
export function withMixedFrontends<T>(rate: number, use: (run: EvidenceRun) => Promise<T>): Promise<T> {
  const options = {
    topology: buildTopology({ nodes: 1, zones: 1 }),
    agentFlags: ["--interval", `${(KINDS.length * 1000) / rate}ms`, "--timeout", `${TIMEOUT_MS}ms`],
    signal: new AbortController().signal,
    onError: console.error,
  };
  return withLab(options, async (lab) => {
    lab.cluster.annotate(WEB.namespace, WEB.name, { "hairpin-probe/probe": "false" });
    await createServices(lab);
    await lab.cluster.settled();
    lab.cluster.setFaults([{ kind: "silent_drop", address: await addressOf(lab, "drop-3") }]);
    await lab.cluster.settled();
    // What began before is over.
    await sleep(TIMEOUT_MS + 2_000);
    const [agent] = lab.agents;
    if (agent === undefined) throw new Error("a lab of one node has no agent");
    const before = agent.log.length;
    const failures = (kind: Kind) =>
      agent.log
        .slice(before)
        .filter(({ msg, service }) => msg === "attempt failed" && String(service).startsWith(`mix/${kind}-`));
    const of = (kind: Kind): Timeouts => {
      const lines = failures(kind);
      const said = (kind: string) => lines.filter(({ evidence }) => evidence === kind).length;
      return { total: lines.length, convicted: said("reset"), silent: said("silent") };
    };
    return use({ agent, timeouts: () => ({ hairpin: of("hairpin"), drop: of("drop"), healthy: of("healthy") }) });
  });
}

/** Share of those called hairpins that are, and of hairpins that are called so. */
export function precisionAndRecall({ hairpin, drop, healthy }: Readonly<Record<Kind, Timeouts>>) {
  return {
    precision: hairpin.convicted / (hairpin.convicted + drop.convicted + healthy.convicted),
    recall: hairpin.convicted / hairpin.total,
  };
}

async function post(path: string, body: object): Promise<void> {
  const response = await fetch(`${API_SERVER_URL}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${path}: ${await response.text()}`);
}

/** One NLB Service each, in front of the only backend there is. */
async function createServices(lab: RunningLab): Promise<void> {
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
}

async function addressOf(lab: RunningLab, name: string): Promise<string> {
  const resolver = new Resolver();
  resolver.setServers([DNS_ADDRESS]);
  const [address] = await resolver.resolve4(lab.cluster.hostname("mix", name) ?? "");
  if (address === undefined) throw new Error(`${name} has no address`);
  return address;
}
