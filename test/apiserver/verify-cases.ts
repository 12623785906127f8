/** `hairpin-probe verify --agents NAMESPACE` as a user runs it: pods of a real API server, read through its pod proxy. */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { eventually } from "../support/waiting.ts";
import type { RealServer } from "./real-server.ts";
import { put } from "./server.ts";

const BIN = fileURLToPath(new URL("../../bin/hairpin-probe.js", import.meta.url));
const RBAC = "/apis/rbac.authorization.k8s.io/v1";
const MERGE = "application/merge-patch+json";
/** A port of their own, so that it is the pod that tells it. */
const PORT = 19_867;
const LABELS = { "app.kubernetes.io/name": "hairpin-probe" };
/** The API server does not connect to loopback addresses for anyone; these are on the same link all the same. */
const addressOf = (i: number): string => `10.99.0.${i}`;

interface Result {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function startVerify(namespace: string, kubeconfig: string, flags: readonly string[] = []) {
  const args = [BIN, "verify", "shop/web", "--agents", namespace, "--kubeconfig", kubeconfig, "--settle", "0s", ...flags];
  const env = { PATH: process.env.PATH ?? "" };
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"], env });
  const done = Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  return async (): Promise<Result> => {
    const [stdout, stderr] = await done;
    return { status: child.exitCode, stdout, stderr };
  };
}

const verify = (...args: Parameters<typeof startVerify>): Promise<Result> => startVerify(...args)();

/** An agent's page with counters that move as time goes by. */
class Agent implements AsyncDisposable {
  readonly #node: string;
  readonly #world: World;
  readonly #server = createServer((request, response) => this.#answer(request.url ?? "", (body) => response.end(body)));
  #attempts = 0;
  #timeouts = 0;
  #readings = 0;
  readonly #timer = setInterval(() => this.#attempt(), 20);

  private constructor(node: string, world: World) {
    this.#node = node;
    this.#world = world;
  }

  static async start(node: string, address: string, world: World): Promise<Agent> {
    execFileSync("ip", ["address", "replace", `${address}/32`, "dev", "lo"]);
    const agent = new Agent(node, world);
    agent.#server.listen(PORT, address);
    await once(agent.#server, "listening");
    return agent;
  }

  get readings(): number {
    return this.#readings;
  }

  #attempt(): void {
    this.#attempts++;
    if (!this.#world.isFixed && this.#attempts % 3 === 0) this.#timeouts++;
  }

  #answer(url: string, send: (body: string) => void): void {
    if (url === "/metrics") this.#readings++;
    const service = `node="${this.#node}",service_namespace="shop",service_name="web"`;
    const path = `${service},service_port="80",frontend_zone="a",colocated="true",exposed="true"`;
    const lines = [
      `hairpin_probe_agent_info{node="${this.#node}"} 1`,
      `hairpin_probe_service_info{${service},hostname="nlb",preserve_client_ip="${!this.#world.isFixed}"} 1`,
      `hairpin_probe_attempts_total{${path}} ${this.#attempts}`,
      `hairpin_probe_failures_total{${path},reason="connect_timeout"} ${this.#timeouts}`,
    ];
    send(url === "/metrics" ? `${lines.join("\n")}\n` : "");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }
}

interface World {
  isFixed: boolean;
}

const podsIn = (namespace: string): string => `/api/v1/namespaces/${namespace}/pods`;

/** A pod as the scheduler and the kubelet would leave it, running at this address. */
async function addPod(server: RealServer, namespace: string, name: string, node: string, address: string): Promise<void> {
  const ports = [
    { name: "other", containerPort: 1 },
    { name: "metrics", containerPort: PORT },
  ];
  await put(server, podsIn(namespace), {
    metadata: { name, labels: LABELS },
    spec: { nodeName: node, containers: [{ name: "agent", image: "none", ports }] },
  } as Parameters<typeof put>[2]);
  const status = { phase: "Running", podIP: address, podIPs: [{ ip: address }] };
  const answer = await server.request("PATCH", `${podsIn(namespace)}/${name}/status`, { status }, MERGE);
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
}

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

/** The rights that docs/verify.md asks for. */
const LIST: Rule = { apiGroups: [""], resources: ["pods"], verbs: ["list"] };
const PROXY: Rule = { apiGroups: [""], resources: ["pods/proxy"], verbs: ["get"] };

/** Calls `use` with the kubeconfig of somebody who has these rights in the namespace, and no others. */
async function asUser(
  server: RealServer,
  namespace: string,
  rules: readonly Rule[],
  use: (kubeconfig: string) => Promise<void>,
): Promise<void> {
  const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`;
  const rbac = `${RBAC}/namespaces/${namespace}`;
  const name = `user-${rules.length}`;
  await put(server, accounts, { metadata: { name } });
  await put(server, `${rbac}/roles`, { metadata: { name }, rules } as Parameters<typeof put>[2]);
  const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name };
  const subjects = [{ kind: "ServiceAccount", name, namespace }];
  await put(server, `${rbac}/rolebindings`, { metadata: { name }, roleRef, subjects } as Parameters<typeof put>[2]);
  await eventually(async () => {
    for (const { resources, verbs } of rules) {
      const [resource, subresource] = resources[0]?.split("/") ?? [];
      const spec = {
        user: `system:serviceaccount:${namespace}:${name}`,
        resourceAttributes: { verb: verbs[0], resource, subresource, namespace },
      };
      const { body } = await server.request("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", { spec });
      assert.ok((body as { status: { allowed: boolean } }).status.allowed);
    }
  });
  const { body } = await server.request("POST", `${accounts}/${name}/token`, { spec: { expirationSeconds: 3_600 } });
  const { token } = (body as { status: { token: string } }).status;
  const directory = mkdtempSync(join(tmpdir(), "verify-"));
  const kubeconfig = join(directory, "kubeconfig");
  const cluster = {
    server: `https://127.0.0.1:${server.port}`,
    "certificate-authority-data": Buffer.from(server.ca).toString("base64"),
  };
  writeFileSync(
    kubeconfig,
    JSON.stringify({
      clusters: [{ name: "real", cluster }],
      users: [{ name, user: { token } }],
      contexts: [{ name, context: { cluster: "real", user: name } }],
      "current-context": name,
    }),
  );
  try {
    await use(kubeconfig);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

interface RealServerCase {
  readonly name: string;
  readonly run: (server: RealServer, namespace: string) => Promise<void>;
}

export const VERIFY_CASES: readonly RealServerCase[] = [
  {
    name: "a fix is verified through the pod proxy, with no rights but to list pods and to get pods/proxy, and through a rollout",
    run: (server, namespace) =>
      asUser(server, namespace, [LIST, PROXY], async (kubeconfig) => {
        const world: World = { isFixed: false };
        await using one = await Agent.start("n1", addressOf(1), world);
        await using two = await Agent.start("n2", addressOf(2), world);
        await addPod(server, namespace, "agent-1", "n1", addressOf(1));
        await addPod(server, namespace, "agent-2", "n2", addressOf(2));
        const done = startVerify(namespace, kubeconfig, ["-o", "json"]);
        await eventually(() => assert.ok(one.readings >= 3 && two.readings >= 3));
        // Nobody confirms that it has ended, as of a kubelet that is slow: until then it is said to run, beside the one that follows it.
        assert.equal((await server.request("DELETE", `${podsIn(namespace)}/agent-2`)).status, 200);
        await using next = await Agent.start("n2", addressOf(3), world);
        await addPod(server, namespace, "agent-3", "n2", addressOf(3));
        await eventually(() => assert.ok(next.readings >= 2));
        const askedOfTheOld = two.readings;
        world.isFixed = true;
        const { status, stdout, stderr } = await done();
        assert.deepEqual([status, stderr], [0, ""], stdout);
        const report = JSON.parse(stdout);
        assert.equal(report.verdict, "fixed");
        const { before, after: since } = report.comparisons[0];
        assert.ok(Math.abs(before.count / before.attempts - 1 / 3) < 0.05, JSON.stringify(before));
        assert.ok(since.count === 0 && since.attempts > 50, JSON.stringify(since));
        assert.equal(two.readings, askedOfTheOld, "a pod that ends is not asked any more");
      }),
  },
  {
    name: "who may not list pods, or not read them through the proxy, is told which right is missing, once",
    async run(server, namespace) {
      for (let i = 1; i <= 3; i++) await addPod(server, namespace, `agent-${i}`, `n${i}`, addressOf(1));
      const takes = "it takes the verb list on pods, and get on pods/proxy\n";
      const at = `hairpin-probe: the API server at https://127.0.0.1:${server.port} does not let you`;
      await asUser(server, namespace, [], async (kubeconfig) => {
        assert.deepEqual(await verify(namespace, kubeconfig), {
          status: 4,
          stdout: "",
          stderr: `${at} list pods in the namespace ${namespace}: ${takes}`,
        });
      });
      await asUser(server, namespace, [LIST], async (kubeconfig) => {
        assert.deepEqual(await verify(namespace, kubeconfig), {
          status: 4,
          stdout: "",
          stderr: `${at} get pods/proxy in the namespace ${namespace}: ${takes}`,
        });
      });
    },
  },
  {
    name: "a namespace without agents that run is a wrong call that names it, and the label",
    async run(server, namespace) {
      await put(server, podsIn(namespace), {
        metadata: { name: "pending", labels: LABELS },
        spec: { nodeName: "n1", containers: [{ name: "agent", image: "none" }] },
      } as Parameters<typeof put>[2]);
      const { status, stderr } = await verify(namespace, server.kubeconfig);
      assert.equal(status, 2, stderr);
      assert.equal(
        stderr.split("\n")[0],
        `hairpin-probe: got no pod that runs with the label app.kubernetes.io/name=hairpin-probe in the namespace ${namespace}, expected those of the agents`,
      );
    },
  },
  {
    name: "agents that cannot be reached are named, and what stands in the way",
    async run(server, namespace) {
      // Of those that the API server connects to for nobody.
      await addPod(server, namespace, "agent-1", "n1", "127.0.0.1");
      const { status, stderr } = await verify(namespace, server.kubeconfig);
      assert.equal(status, 4, stderr);
      assert.match(
        stderr,
        /^hairpin-probe: no agent answers: agent-1 on n1: its metrics: status 4\d\d: "address not allowed"\n$/,
      );
    },
  },
];
