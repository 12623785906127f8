/**
 * What a large cluster costs an agent in memory: 5,000 Services, 300 of them internal NLBs, and 100,000 endpoints, against the
 * same agent in a cluster with one Service.
 *
 *     npm run bench:discovery
 *
 * Exits with 1 when it is more than 40 MB.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { argv, execPath, exit, stdout } from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { PROGRAM } from "../lab/program.ts";
import { parseExposition, sumOf } from "../src/domain/exposition.ts";
import type { ClusterSize } from "./cluster-farm.ts";
import { end } from "./frontend-farm.ts";
import { imageFlags } from "./image-flags.ts";
import { procDirectory } from "./process-cost.ts";

const FARM = fileURLToPath(new URL("./cluster-farm.ts", import.meta.url));
const LOOP_HOLD = fileURLToPath(new URL("./loop-hold.ts", import.meta.url));
const METRICS = "127.0.0.1:19868";
const LIMIT_MB = 40;
const START_WITHIN_MS = 60_000;
/** Long enough for garbage of the list to be collected, as it is in an agent that lives for weeks. */
const SETTLE_MS = Number(argv[2] ?? 30) * 1000;

interface Cost {
  readonly residentMb: number;
  readonly peakMb: number;
  readonly readyMs: number;
  readonly heldMs: number;
  readonly frontends: number;
}

const LARGE = { services: 5_000, nlbs: 300, endpoints: 100_000 };
const variants: readonly (readonly [name: string, size: ClusterSize])[] = [
  ["endpoints of the NLBs, streams", { ...LARGE, spread: "nlbs", streaming: true }],
  ["endpoints of the NLBs, pages", { ...LARGE, spread: "nlbs", streaming: false }],
  ["endpoints of all Services, streams", { ...LARGE, spread: "all", streaming: true }],
];

const idle = await measure({ services: 1, nlbs: 0, endpoints: 0, spread: "nlbs", streaming: true });
print("an idle agent", idle);
let worst = 0;
for (const [name, size] of variants) {
  const cost = await measure(size);
  print(name, cost, cost.residentMb - idle.residentMb);
  worst = Math.max(worst, cost.residentMb - idle.residentMb);
}
stdout.write(`At most ${LIMIT_MB} MB over the idle agent: ${worst.toFixed(1)} MB.\n`);
exit(worst > LIMIT_MB ? 1 : 0);

function print(name: string, { residentMb, peakMb, readyMs, heldMs, frontends }: Cost, overMb = 0): void {
  const mb = (value: number): string => `${value.toFixed(1).padStart(6)} MB`;
  stdout.write(
    `${name.padEnd(36)} ${mb(residentMb)}  over idle ${mb(overMb)}  peak ${mb(peakMb)}  first snapshot ${Math.round(readyMs)} ms  ` +
      `longest hold ${heldMs.toFixed(1)} ms  frontends ${frontends}\n`,
  );
}

async function measure(size: ClusterSize): Promise<Cost> {
  const directory = mkdtempSync(join(tmpdir(), "hairpin-bench-"));
  const farm = spawn(execPath, [FARM, JSON.stringify(size)], { stdio: ["pipe", "pipe", "inherit"] });
  let agent: ChildProcess | undefined;
  try {
    const [line] = (await once(farm.stdout, "data")) as [Buffer];
    const kubeconfig = join(directory, "kubeconfig");
    writeFileSync(kubeconfig, kubeconfigFor(`http://127.0.0.1:${line.toString().trim()}`));
    const startedMs = performance.now();
    const flags = ["--kubeconfig", kubeconfig, "--node-name", "bench", "--metrics-address", METRICS, "--log-level", "error"];
    agent = spawn(execPath, [...imageFlags(), "--import", LOOP_HOLD, PROGRAM, "agent", ...flags, "--interval", "60s"], {
      stdio: ["ignore", "inherit", "pipe"],
    });
    let told = "";
    agent.stderr?.on("data", (chunk: Buffer) => {
      told += chunk.toString();
    });
    const { pid } = agent;
    if (pid === undefined) throw new Error("the agent did not start");
    await until(async () => (await fetch(`http://${METRICS}/readyz`)).ok);
    const readyMs = performance.now() - startedMs;
    await sleep(SETTLE_MS);
    const samples = parseExposition(await (await fetch(`http://${METRICS}/metrics`)).text());
    const status = readFileSync(`${procDirectory(pid)}/status`, "utf8");
    await end(agent);
    const frontends = sumOf(samples, "hairpin_probe_frontends", {});
    const heldMs = Number(/held ([\d.]+)/.exec(told)?.[1]);
    return { residentMb: kilobytes(status, "VmRSS"), peakMb: kilobytes(status, "VmHWM"), readyMs, heldMs, frontends };
  } finally {
    if (agent !== undefined) await end(agent);
    farm.stdin.end();
    await end(farm);
    rmSync(directory, { recursive: true, force: true });
  }
}

/** A line of /proc/PID/status, in MB (10^6 bytes). */
function kilobytes(status: string, key: string): number {
  return (Number(new RegExp(`^${key}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]) * 1024) / 1e6;
}

/** JSON is YAML. */
function kubeconfigFor(server: string): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "farm", cluster: { server } }],
    users: [{ name: "nobody", user: { token: "none" } }],
    contexts: [{ name: "farm", context: { cluster: "farm", user: "nobody" } }],
    "current-context": "farm",
  });
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + START_WITHIN_MS;
  while (!(await holds().catch(() => false))) {
    if (performance.now() > deadline) throw new Error("the agent is not ready in time");
    await sleep(20);
  }
}
