/** A real kube-apiserver with its etcd, on loopback, with nothing else: no controllers, no nodes. */
import { type ChildProcess, spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Agent, request as httpRequest } from "undici";
import { freePort } from "../../lab/runner/free-port.ts";
import { findGoTool } from "../../scripts/go-tools.mjs";
import { loadKubeApi } from "../../src/discovery/api/kube-config.ts";
import { CUSTOM_RESOURCES } from "./custom-resources.ts";
import { put, type ServerUnderTest } from "./server.ts";

const ADMIN_TOKEN = "administrator";
const READY_WITHIN_MS = 120_000;
const STOP_WITHIN_MS = 30_000;

export interface RealServer extends ServerUnderTest {
  readonly port: number;
  /** Path of a kubeconfig of the administrator. */
  readonly kubeconfig: string;
  /** Certificate of the authority, PEM. */
  readonly ca: string;
}

/** @throws Error with the end of the program's log when one of them does not come up. */
export async function startRealServer(): Promise<RealServer> {
  const programs = { etcd: findGoTool("etcd"), kubeApiserver: findGoTool("kube-apiserver") };
  if (programs.etcd === undefined || programs.kubeApiserver === undefined) {
    throw new Error("kube-apiserver and etcd are not there: see scripts/go-tools.mjs");
  }
  const directory = mkdtempSync(join(tmpdir(), "kube-apiserver-"));
  const [etcdPort, peerPort, port] = [await freePort(), await freePort(), await freePort()];
  const etcdUrl = `http://127.0.0.1:${etcdPort}`;
  writeKeys(directory);
  const etcd = new Program("etcd", directory, programs.etcd, [
    `--data-dir=${join(directory, "etcd")}`,
    `--listen-client-urls=${etcdUrl}`,
    `--advertise-client-urls=${etcdUrl}`,
    `--listen-peer-urls=http://127.0.0.1:${peerPort}`,
    "--unsafe-no-fsync",
  ]);
  const apiserver = new Program("kube-apiserver", directory, programs.kubeApiserver, [
    `--etcd-servers=${etcdUrl}`,
    `--cert-dir=${directory}`,
    `--secure-port=${port}`,
    "--bind-address=127.0.0.1",
    "--advertise-address=127.0.0.1",
    "--endpoint-reconciler-type=none",
    "--service-cluster-ip-range=10.0.0.0/16",
    "--authorization-mode=RBAC",
    "--service-account-issuer=https://kubernetes.default.svc",
    `--service-account-key-file=${join(directory, "sa.pub")}`,
    `--service-account-signing-key-file=${join(directory, "sa.key")}`,
    `--token-auth-file=${join(directory, "tokens.csv")}`,
    // Without nodes and controllers there is nobody to make what these wait for.
    "--disable-admission-plugins=ServiceAccount",
  ]);
  const url = `https://127.0.0.1:${port}`;
  let agent: Agent | undefined;
  const send: ServerUnderTest["request"] = async (method, path, body, contentType = "application/json") => {
    const answer = await httpRequest(`${url}${path}`, {
      method,
      headers: { authorization: `Bearer ${ADMIN_TOKEN}`, "content-type": contentType },
      ...(agent === undefined ? {} : { dispatcher: agent }),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.body.text();
    return { status: answer.statusCode, body: text.startsWith("{") ? JSON.parse(text) : text };
  };
  const startApiserver = async (): Promise<void> => {
    apiserver.start();
    await until("kube-apiserver is ready", apiserver, async () => {
      agent ??= new Agent({ connect: { ca: readFileSync(join(directory, "apiserver.crt"), "utf8") } });
      return (await send("GET", "/readyz")).status === 200;
    });
  };
  const stop = async (): Promise<void> => {
    await agent?.destroy();
    await apiserver.stop("SIGKILL");
    await etcd.stop();
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    etcd.start();
    await until("etcd is ready", etcd, async () => (await fetch(`${etcdUrl}/health`)).ok);
    await startApiserver();
    const ca = readFileSync(join(directory, "apiserver.crt"), "utf8");
    const kubeconfig = join(directory, "kubeconfig");
    writeFileSync(kubeconfig, kubeconfigFor(url, join(directory, "apiserver.crt")));
    const api = await loadKubeApi({ kubeconfig, context: undefined, env: {}, userAgent: "test" });
    const server: RealServer = {
      api,
      port,
      kubeconfig,
      ca,
      request: send,
      addNamespace: (name) => put(server, "/api/v1/namespaces", { metadata: { name } }),
      async restart() {
        // It would wait for its watches to end.
        await apiserver.stop("SIGKILL");
        await startApiserver();
      },
      async forgetHistory() {
        await compact(etcdUrl);
        // What it watched so far is still in the server's memory, and is served from there.
        await server.restart();
      },
      async [Symbol.asyncDispose]() {
        await api.close();
        await stop();
      },
    };
    await addCustomResources(server);
    return server;
  } catch (error) {
    await stop();
    throw error;
  }
}

/** @see etcd documentation, gRPC gateway: keys and values are base64, numbers are text. */
async function compact(etcdUrl: string): Promise<void> {
  const post = async (path: string, body: unknown): Promise<{ header: { revision: string } }> => {
    const response = await fetch(`${etcdUrl}${path}`, { method: "POST", body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`etcd: ${path}: status ${response.status}: ${await response.text()}`);
    return (await response.json()) as { header: { revision: string } };
  };
  const { header } = await post("/v3/kv/range", { key: "AA==", count_only: true });
  await post("/v3/kv/compaction", { revision: header.revision, physical: true });
}

async function addCustomResources(server: ServerUnderTest): Promise<void> {
  for (const definition of CUSTOM_RESOURCES) {
    await put(server, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition);
  }
  const deadline = performance.now() + READY_WITHIN_MS;
  for (const { spec } of CUSTOM_RESOURCES) {
    const path = `/apis/${spec.group}/${spec.versions[0]?.name}/${spec.names.plural}`;
    while ((await server.request("GET", path)).status !== 200) {
      if (performance.now() > deadline) throw new Error(`${path} is not served in time`);
      await sleep(50);
    }
  }
}

function writeKeys(directory: string): void {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  writeFileSync(join(directory, "sa.pub"), publicKey.export({ type: "spki", format: "pem" }));
  writeFileSync(join(directory, "sa.key"), privateKey.export({ type: "pkcs1", format: "pem" }), { mode: 0o600 });
  writeFileSync(join(directory, "tokens.csv"), `${ADMIN_TOKEN},admin,1,system:masters\n`, { mode: 0o600 });
}

const kubeconfigFor = (server: string, authority: string): string =>
  JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "real", cluster: { server, "certificate-authority": authority } }],
    users: [{ name: "admin", user: { token: ADMIN_TOKEN } }],
    contexts: [{ name: "real", context: { cluster: "real", user: "admin" } }],
    "current-context": "real",
  });

/** A child process whose log is kept for when it fails. */
class Program {
  readonly #name: string;
  readonly #path: string;
  readonly #args: readonly string[];
  readonly #log: string;
  #child: ChildProcess | undefined;

  constructor(name: string, directory: string, path: string, args: readonly string[]) {
    this.#name = name;
    this.#path = path;
    this.#args = args;
    this.#log = join(directory, `${name}.log`);
  }

  start(): void {
    const log = openSync(this.#log, "a");
    this.#child = spawn(this.#path, this.#args, { stdio: ["ignore", log, log] });
    this.#child.on("error", () => {});
  }

  /** @throws Error when it has ended. */
  check(): void {
    if (this.#child?.exitCode === null && this.#child.signalCode === null && this.#child.pid !== undefined) return;
    throw new Error(`${this.#name} ended:\n${readFileSync(this.#log, "utf8").slice(-3_000)}`);
  }

  async stop(signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
    const ended = once(child, "exit");
    child.kill(signal);
    const killer = setTimeout(() => child.kill("SIGKILL"), STOP_WITHIN_MS);
    await ended;
    clearTimeout(killer);
  }
}

async function until(what: string, program: Program, holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + READY_WITHIN_MS;
  while (!(await holds().catch(() => false))) {
    program.check();
    if (performance.now() > deadline) throw new Error(`waited ${READY_WITHIN_MS} ms in vain until ${what}`);
    await sleep(50);
  }
}
