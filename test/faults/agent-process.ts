import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { PROGRAM } from "../../lab/program.ts";
import { parseExposition, type Sample } from "../../src/domain/exposition.ts";
import { BARE_ENVIRONMENT } from "../support/bare-environment.ts";
import { eventually, PATIENCE_MS } from "../support/waiting.ts";

export const METRICS_PORT = 19_869;
const BASE = `http://127.0.0.1:${METRICS_PORT}`;

export interface LogLine {
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** A real agent in a process of its own, in the network namespace of the test. */
export interface AgentProcess {
  readonly process: ChildProcess;
  readonly log: readonly LogLine[];
  readonly stderr: () => string;
  /** Waits until it has planned. */
  ready(): Promise<void>;
  /** What it serves as /metrics. */
  page(): Promise<string>;
  /** The same, parsed. */
  scrape(): Promise<readonly Sample[]>;
  /** @returns how it ended: exit code, or the signal that ended it. */
  end(signal?: NodeJS.Signals): Promise<readonly [number | null, NodeJS.Signals | null]>;
}

/** A file of frontends, or a kubeconfig: what the agent is told of the world. JSON is YAML. */
export type Sources = { readonly frontends: object } | { readonly apiServer: string };

export function startAgentProcess(options: {
  readonly sources: Sources;
  readonly flags?: readonly string[];
  /** For Node.js, before the program. */
  readonly nodeFlags?: readonly string[];
}): AgentProcess {
  const { sources, flags = [], nodeFlags = [] } = options;
  const directory = mkdtempSync(join(tmpdir(), "hairpin-faults-"));
  const file = join(directory, "sources.yaml");
  writeFileSync(file, JSON.stringify("frontends" in sources ? sources.frontends : kubeconfigOf(sources.apiServer)));
  const source = ["frontends" in sources ? "--frontends" : "--kubeconfig", file];
  const own = [...source, "--node-name", "n1", "--metrics-address", `127.0.0.1:${METRICS_PORT}`];
  const child = spawn(process.execPath, [...nodeFlags, PROGRAM, "agent", ...own, ...flags], {
    stdio: ["ignore", "pipe", "pipe"],
    env: BARE_ENVIRONMENT,
  });
  const log: LogLine[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => log.push(JSON.parse(line) as LogLine));
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const page = async () => (await fetch(`${BASE}/metrics`, { signal: AbortSignal.timeout(PATIENCE_MS) })).text();
  const closed = once(child, "close") as Promise<[number | null, NodeJS.Signals | null]>;
  void closed.then(() => rmSync(directory, { recursive: true }));
  return {
    process: child,
    log,
    stderr: () => stderr,
    ready: () =>
      eventually(async () => {
        const { ok, status } = await fetch(`${BASE}/readyz`);
        if (!ok) throw new Error(`not ready: ${status}`);
      }),
    page,
    scrape: async () => parseExposition(await page()),
    end: (signal = "SIGTERM") => {
      child.kill(signal);
      return closed;
    },
  };
}

const kubeconfigOf = (server: string): object => ({
  apiVersion: "v1",
  kind: "Config",
  clusters: [{ name: "test", cluster: { server } }],
  users: [{ name: "nobody", user: { token: "none" } }],
  contexts: [{ name: "test", context: { cluster: "test", user: "nobody" } }],
  "current-context": "test",
});
