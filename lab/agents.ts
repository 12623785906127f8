import type { ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { parseExposition, type Sample } from "../src/domain/exposition.ts";
import type { Status } from "../src/domain/status.ts";
import { PROGRAM } from "./program.ts";
import { API_SERVER_ADDRESS, API_SERVER_PORT, type LabNode, METRICS_PORT } from "./topology.ts";

/** An agent starts in a second or two; on a machine that is busy with others it may take many times that. */
const READY_WITHIN_MS = 120_000;
/** The same for an answer: most come within milliseconds. */
const ANSWER_WITHIN_MS = 30_000;
/** Log lines kept of an agent: enough for every failure of a test, and a bound on one that goes wild. */
const MAX_LOG_LINES = 20_000;

/** Starts a process in a pod's network namespace; its stdout is piped. */
export type SpawnIn = (pod: string, argv: readonly string[]) => ChildProcess;

/** A line of an agent's log, as far as the lab reads it. */
export interface LogLine {
  readonly level: string;
  readonly time: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** One real agent process on one node of the lab. */
export interface LabAgent {
  readonly node: LabNode;
  readonly process: ChildProcess;
  readonly metricsUrl: string;
  /** What it has logged so far, oldest first. */
  readonly log: readonly LogLine[];
  scrape(): Promise<readonly Sample[]>;
  /** What it says on /api/v1/status. */
  status(): Promise<Status>;
}

export interface AgentsOptions {
  readonly spawnIn: SpawnIn;
  /** Path of the kubeconfig of the lab's API server. */
  readonly kubeconfig: string;
  /** Settings for all of them, as flags. */
  readonly flags: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Starts one agent per node, as the DaemonSet does, and waits until each has planned its first snapshot.
 *
 * @throws Error with the agent's last log lines when one does not get ready in time.
 */
export async function startAgents(nodes: readonly LabNode[], options: AgentsOptions): Promise<readonly LabAgent[]> {
  const agents = nodes.map((node) => startAgent(node, options));
  await Promise.all(agents.map(ready));
  return agents;
}

function startAgent(node: LabNode, options: AgentsOptions): LabAgent {
  const settings = [
    ["--node-name", node.name],
    ["--kubeconfig", options.kubeconfig],
    ["--agents-service", "hairpin-probe/hairpin-probe"],
  ].flat();
  const env = ["env", ...Object.entries(options.env).map(([name, value]) => `${name}=${value}`)];
  const child = options.spawnIn(node.agent.name, [...env, process.execPath, PROGRAM, "agent", ...settings, ...options.flags]);
  const log: LogLine[] = [];
  if (child.stdout !== null) {
    createInterface({ input: child.stdout }).on("line", (line) => {
      log.push(readLogLine(line));
      if (log.length > MAX_LOG_LINES) log.shift();
    });
  }
  const metricsUrl = `http://${node.agent.address}:${METRICS_PORT}/metrics`;
  return {
    node,
    process: child,
    metricsUrl,
    log,
    scrape: async () => parseExposition(await fetchText(metricsUrl)),
    status: async () => JSON.parse(await fetchText(metricsUrl.replace("/metrics", "/api/v1/status"))) as Status,
  };
}

/** A line that is no JSON is kept as it is: what an agent says as it breaks is worth the most. */
function readLogLine(line: string): LogLine {
  try {
    return JSON.parse(line) as LogLine;
  } catch {
    return { level: "unknown", time: "", msg: line };
  }
}

async function ready(agent: LabAgent): Promise<void> {
  const deadline = Date.now() + READY_WITHIN_MS;
  let last = "";
  while (Date.now() < deadline && agent.process.exitCode === null) {
    try {
      await fetchText(agent.metricsUrl.replace("/metrics", "/readyz"));
      return;
    } catch (error) {
      last = error instanceof Error ? error.message : String(error);
    }
    await sleep(50);
  }
  const log = agent.log.slice(-5).map((line) => JSON.stringify(line));
  const state = agent.process.exitCode === null ? "still runs" : `exited with ${agent.process.exitCode}`;
  throw new Error(`agent on ${agent.node.name} is not ready and ${state} (${last}); its last lines:\n${log.join("\n")}`);
}

async function fetchText(url: string): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${url}: HTTP status ${response.status}: ${text.trim()}`);
  return text;
}

/** URL of the lab's API server as the nodes reach it. */
export const API_SERVER_URL = `http://${API_SERVER_ADDRESS}:${API_SERVER_PORT}`;
