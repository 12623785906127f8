/** What `verify --agents NAMESPACE` makes of an API server that is not as it should be. What works is tried on a real one (test/apiserver). */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { kubeconfig } from "../../lab/cluster/defaults.ts";
import { agentPods } from "../../src/cli/agent-pods.ts";
import { agentsInPods, type PodAccess } from "../../src/verify/agents/pods.ts";
import { NoAgentsError, UnreadableError } from "../../src/verify/agents/reading.ts";
import { ApiServer, type Fault, sendJson } from "../discovery/support/api-server.ts";
import { BARE_ENVIRONMENT } from "../support/bare-environment.ts";

const BIN = fileURLToPath(new URL("../../bin/hairpin-probe.js", import.meta.url));
const PODS = "/api/v1/namespaces/probes/pods";

interface Pod {
  readonly node?: string;
  readonly createdAt?: string;
  readonly isEnding?: boolean;
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number }[];
}

function addPod(server: ApiServer, name: string, { node, createdAt, isEnding, ports }: Pod = {}): void {
  const metadata = { namespace: "probes", name, creationTimestamp: createdAt, ...(isEnding ? { deletionTimestamp: "now" } : {}) };
  server.put(PODS, { metadata, spec: { nodeName: node, containers: [{}, { ports }] } });
}

/** Calls `use` with the pods of a server that is prepared like this. */
async function withPods(prepare: (server: ApiServer) => void, use: (pods: PodAccess, server: ApiServer) => Promise<void>) {
  await using server = await ApiServer.start();
  prepare(server);
  const pods = agentPods(server.api(), "probes", AbortSignal.timeout(10_000));
  try {
    await use(pods, server);
  } finally {
    await pods.close();
  }
}

const status = (code: number, reason: string): Fault => {
  return ({ response }) => {
    sendJson(response, code, { kind: "Status", code, reason, message: "no" });
    return true;
  };
};

test("those that run with the agents' label are asked for, all pages of them", () =>
  withPods(
    (server) => {
      for (let i = 0; i < 300; i++) addPod(server, `agent-${i}`, { node: `n${i}` });
    },
    async (pods, { requests }) => {
      assert.equal((await pods.list()).length, 300);
      assert.deepEqual(
        requests.map(({ path, query }) => [path, query.get("labelSelector"), query.get("fieldSelector")]),
        Array(2).fill([PODS, "app.kubernetes.io/name=hairpin-probe", "status.phase=Running"]),
      );
    },
  ));

test("a node has one agent: the newest pod there that does not end", () =>
  withPods(
    (server) => {
      addPod(server, "b-old", { node: "n1", createdAt: "2026-11-25T10:00:00Z" });
      addPod(server, "a-new", { node: "n1", createdAt: "2026-11-25T10:00:01Z" });
      addPod(server, "c-ends", { node: "n1", createdAt: "2026-11-25T10:00:02Z", isEnding: true });
      addPod(server, "nowhere", { createdAt: "2026-11-25T10:00:00Z" });
      addPod(server, "d", { node: "n2", createdAt: "2026-11-25T10:00:00Z" });
      addPod(server, "e", { node: "n2", createdAt: "2026-11-25T10:00:00Z" });
    },
    async (pods) => {
      const found = await pods.list();
      assert.deepEqual(
        found.map(({ node, name }) => `${name} on ${node}`),
        ["a-new on n1", "e on n2"],
      );
    },
  ));

test("a pod is asked at its port `metrics`, and at 9867 where none is called so", () =>
  withPods(
    (server) => {
      addPod(server, "named", { node: "n1", ports: [{ containerPort: 1 }, { name: "metrics", containerPort: 9000 }] });
      addPod(server, "plain", { node: "n2", ports: [{ name: "web", containerPort: 80 }] });
      server.fault = ({ path, response }) => {
        if (path === PODS) return false;
        response.end(path);
        return true;
      };
    },
    async (pods) => {
      const signal = AbortSignal.timeout(5_000);
      const pages = await Promise.all((await pods.list()).map((pod) => pods.page(pod, signal)));
      assert.deepEqual(pages, [`${PODS}/named:9000/proxy/metrics`, `${PODS}/plain:9867/proxy/metrics`]);
    },
  ));

test("a refusal by the API server is one of every pod, with the right that it takes", async () => {
  const refused = (what: string) => (error: unknown) =>
    error instanceof UnreadableError && error.message.includes(`does not let you ${what} in the namespace probes: it takes `);
  await withPods(
    (server) => {
      server.fault = status(403, "Forbidden");
    },
    async (pods) => {
      await assert.rejects(pods.list(), refused("list pods"));
      const pod = { node: "n1", name: "agent-1", port: 9867 };
      await assert.rejects(pods.page(pod, AbortSignal.timeout(5_000)), refused("get pods/proxy"));
    },
  );
});

test("a refusal by what is in front of one agent is that agent's", () =>
  withPods(
    (server) => {
      addPod(server, "meshed", { node: "n1" });
      addPod(server, "other", { node: "n2" });
      server.fault = ({ path, response }) => {
        if (path.includes("/meshed:")) response.writeHead(403).end("RBAC: access denied");
        else if (path.includes("/other:")) response.end("");
        else return false;
        return true;
      };
    },
    async (pods) => {
      const service = { namespace: "shop", name: "web" };
      const source = agentsInPods(pods, { service, nowMs: Date.now, signal: AbortSignal.timeout(5_000) });
      const { pages, problems } = await source.read();
      assert.deepEqual([...pages.keys()], ["n2"]);
      assert.deepEqual(problems, ['meshed on n1: its metrics: status 403: "RBAC: access denied"']);
    },
  ));

test("without pods there is nobody to ask, which is another thing than a server that fails", async () => {
  await withPods(
    () => {},
    async (pods, server) => {
      await assert.rejects(pods.list(), NoAgentsError);
      server.fault = status(500, "InternalError");
      await assert.rejects(
        pods.list(),
        (error) =>
          error instanceof UnreadableError &&
          !(error instanceof NoAgentsError) &&
          error.message.startsWith(`cannot list pods in the namespace probes at ${server.url}: `),
      );
    },
  );
});

test("an API server that is away ends it with 4, and says where it was looked for", async (t) => {
  const server = await ApiServer.start();
  const { url } = server;
  await server[Symbol.asyncDispose]();
  const directory = mkdtempSync(join(tmpdir(), "verify-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const file = join(directory, "kubeconfig");
  writeFileSync(file, kubeconfig(url));
  const child = spawn(process.execPath, [BIN, "verify", "shop/web", "--agents", "probes", "--kubeconfig", file], {
    stdio: ["ignore", "pipe", "pipe"],
    env: BARE_ENVIRONMENT,
  });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  assert.deepEqual([child.exitCode, stdout], [4, ""], stderr);
  assert.match(stderr, /^hairpin-probe: cannot list pods in the namespace probes at http:.*ECONNREFUSED.*\n$/);
});
