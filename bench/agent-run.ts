import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { PROGRAM } from "../lab/program.ts";
import { BACKEND_TCP_PORT } from "../lab/topology.ts";
import type { EvidenceLevel } from "../src/domain/evidence.ts";
import { parseExposition, type Sample, sumOf } from "../src/domain/exposition.ts";
import { end, type FrontendFarm } from "./frontend-farm.ts";
import { imageFlags } from "./image-flags.ts";
import { cpuSeconds, residentMegabytes } from "./process-cost.ts";

const BARE = fileURLToPath(new URL("./bare-connect.ts", import.meta.url));
const METRICS = "127.0.0.1:19867";
const START_WITHIN_MS = 120_000;

export interface RunOptions {
  readonly farm: FrontendFarm;
  /** Attempts a second over all frontends. */
  readonly rate: number;
  readonly seconds: number;
  /** The one processor that it may use. */
  readonly core: number;
  /** Level of evidence; the agent's own default if absent. */
  readonly evidence?: EvidenceLevel;
}

export interface AgentRun {
  readonly attempts: number;
  readonly timeouts: number;
  readonly otherFailures: number;
  readonly discarded: number;
  /** Share of attempts that started at most 20 ms late. */
  readonly startedWithin20Ms: number;
  readonly cpuMicrosPerAttempt: number;
  readonly residentMegabytes: number;
}

/** Zones of the farm's addresses, so that what is counted of either kind is told apart. */
export const [HEALTHY, DROPPING] = ["healthy", "dropping"] as const;
export const TIMEOUT_MS = 3_000;
const intervalMs = ({ farm, rate }: Pick<RunOptions, "farm" | "rate">): number =>
  Math.round((farm.addresses.length / rate) * 1000);

/** A real agent that probes the farm's TCP port, on one core. */
export interface FarmAgent {
  readonly pid: number;
  readonly process: ChildProcess;
  scrape(): Promise<readonly Sample[]>;
  /** Ends it, and waits for that. */
  close(): Promise<void>;
}

/**
 * Starts it, and waits until it has planned.
 *
 * @param preload - Modules that are loaded into its process before the program.
 */
export async function startFarmAgent(
  options: Omit<RunOptions, "seconds">,
  preload: readonly string[] = [],
  stderr: "inherit" | "pipe" = "inherit",
): Promise<FarmAgent> {
  const { farm, core } = options;
  const directory = mkdtempSync(join(tmpdir(), "hairpin-bench-"));
  const file = join(directory, "frontends.yaml");
  const addresses = farm.addresses.map((address) => ({ address, zone: farm.dropping.includes(address) ? DROPPING : HEALTHY }));
  const service = { namespace: "bench", name: "farm", addresses, ports: [{ port: BACKEND_TCP_PORT, protocol: "tcp" }] };
  // JSON is YAML.
  writeFileSync(file, JSON.stringify({ services: [service] }));
  const flags = ["--frontends", file, "--node-name", "bench", "--metrics-address", METRICS, "--log-level", "error"];
  const times = ["--interval", `${intervalMs(options)}ms`, "--timeout", `${TIMEOUT_MS}ms`];
  const evidence = options.evidence === undefined ? [] : ["--evidence", options.evidence];
  const imports = preload.flatMap((module) => ["--import", module]);
  const agent = startOn(core, [...imageFlags(), ...imports, PROGRAM, "agent", ...flags, ...times, ...evidence], stderr);
  const close = async (): Promise<void> => {
    await end(agent);
    rmSync(directory, { recursive: true });
  };
  try {
    const pid = pidOf(agent);
    await until(async () => (await fetch(`http://${METRICS}/readyz`)).ok);
    return { pid, process: agent, scrape, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Runs a real agent, and reads what it says of itself. */
export async function runAgent(options: RunOptions): Promise<AgentRun> {
  const agent = await startFarmAgent(options);
  try {
    // An attempt is counted when it ends: from here on those that end by timing out are as many as begin to.
    await sleep(TIMEOUT_MS + 500);
    const [before, cpuBefore] = [await scrape(), cpuSeconds(agent.pid)];
    await sleep(options.seconds * 1000);
    const cpuAfter = cpuSeconds(agent.pid);
    return summarise(before, await scrape(), cpuAfter - cpuBefore, residentMegabytes(agent.pid));
  } finally {
    await agent.close();
  }
}

/** Runs the bare loop at the same rate, on the same core. @returns CPU microseconds per connection. */
export async function runBareConnect(options: RunOptions): Promise<number> {
  const bare = startOn(options.core, [
    BARE,
    String(BACKEND_TCP_PORT),
    String(intervalMs(options)),
    String(TIMEOUT_MS),
    ...options.farm.addresses,
  ]);
  try {
    const pid = pidOf(bare);
    await sleep(1_000);
    const before = cpuSeconds(pid);
    await sleep(options.seconds * 1000);
    return ((cpuSeconds(pid) - before) * 1e6) / (options.rate * options.seconds);
  } finally {
    await end(bare);
  }
}

function summarise(before: readonly Sample[], after: readonly Sample[], cpu: number, megabytes: number): AgentRun {
  const rise = (name: string, labels: Readonly<Record<string, string>> = {}) =>
    sumOf(after, name, labels) - sumOf(before, name, labels);
  const attempts = rise("hairpin_probe_attempts_total");
  const timeouts = rise("hairpin_probe_failures_total", { reason: "connect_timeout" });
  return {
    attempts,
    timeouts,
    otherFailures: rise("hairpin_probe_failures_total") - timeouts,
    discarded: rise("hairpin_probe_discarded_total"),
    startedWithin20Ms:
      rise("hairpin_probe_start_lateness_seconds_bucket", { le: "0.02" }) / rise("hairpin_probe_start_lateness_seconds_count"),
    cpuMicrosPerAttempt: (cpu * 1e6) / attempts,
    residentMegabytes: megabytes,
  };
}

const startOn = (core: number, argv: readonly string[], stderr: "inherit" | "pipe" = "inherit"): ChildProcess =>
  spawn("taskset", ["-c", String(core), process.execPath, ...argv], { stdio: ["ignore", "ignore", stderr] });

/** taskset becomes the program it starts, so its pid is the program's. */
function pidOf(child: ChildProcess): number {
  if (child.pid === undefined) throw new Error("taskset (Debian package util-linux) could not be started");
  return child.pid;
}

const scrape = async (): Promise<readonly Sample[]> => parseExposition(await (await fetch(`http://${METRICS}/metrics`)).text());

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + START_WITHIN_MS;
  while (Date.now() < deadline) {
    if (await condition().catch(() => false)) return;
    await sleep(50);
  }
  throw new Error(`the agent did not get ready within ${START_WITHIN_MS / 1000} s`);
}
