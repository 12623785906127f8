/** What the bundle of the image buys: its size, and start to ready and memory beside the same program from its packages. */
import { type ChildProcess, spawn } from "node:child_process";
import { globSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { bundle } from "../scripts/bundle.ts";
import { end } from "./frontend-farm.ts";
import { imageEnvironment, imageFlags } from "./image-flags.ts";
import { residentMegabytes } from "./process-cost.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const METRICS = "127.0.0.1:19869";
const mega = (bytes: number): string => (bytes / 1e6).toFixed(1);
const RUNS = 11;
const READY_WITHIN_MS = 30_000;

interface Start {
  readonly readyMs: number;
  readonly megabytes: number;
}

const folder = mkdtempSync(join(tmpdir(), "hairpin-bench-"));
try {
  const app = join(folder, "app");
  const packages = await bundle(join(app, "dist"));
  writeFileSync(join(app, "package.json"), '{ "type": "module", "version": "0.0.0" }');
  const frontends = join(folder, "frontends.yaml");
  writeFileSync(frontends, "services: []\n");
  const bytes = (paths: readonly string[]): number =>
    paths.reduce((sum, path) => sum + (statSync(path).isFile() ? statSync(path).size : 0), 0);
  const inPackages = bytes(packages.flatMap((name) => globSync(join(ROOT, "node_modules", name, "**"))));
  const inBundle = bytes(globSync(join(app, "dist/*")));
  console.log(`bundle ${mega(inBundle)} MB, its ${packages.length} packages ${mega(inPackages)} MB`);

  const entries = { bundle: join(app, "dist/main.js"), source: join(ROOT, "src/cli/main.ts") };
  const starts: Record<keyof typeof entries, Start[]> = { bundle: [], source: [] };
  // In turns, so that whatever else the machine does meets both.
  for (let i = 0; i < RUNS; i++) {
    for (const name of ["bundle", "source"] as const) starts[name].push(await start(entries[name], frontends));
  }
  const [fast, slow] = [median(starts.bundle, "readyMs"), median(starts.source, "readyMs")];
  const [small, large] = [median(starts.bundle, "megabytes"), median(starts.source, "megabytes")];
  console.log(`start to ready: bundle ${fast.toFixed(0)} ms, source ${slow.toFixed(0)} ms, ratio ${(fast / slow).toFixed(2)}`);
  console.log(
    `resident when ready: bundle ${small.toFixed(0)} MB, source ${large.toFixed(0)} MB, ratio ${(small / large).toFixed(2)}`,
  );
} finally {
  rmSync(folder, { recursive: true });
}

async function start(entry: string, frontends: string): Promise<Start> {
  const flags = ["--frontends", frontends, "--node-name", "bench", "--metrics-address", METRICS, "--log-level", "error"];
  const begin = performance.now();
  const agent: ChildProcess = spawn(process.execPath, [...imageFlags(), entry, "agent", ...flags], {
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...process.env, ...imageEnvironment() },
  });
  try {
    while (!(await isReady())) {
      if (agent.exitCode !== null || performance.now() - begin > READY_WITHIN_MS) throw new Error(`${entry} does not get ready`);
      await sleep(2);
    }
    return { readyMs: performance.now() - begin, megabytes: residentMegabytes(agent.pid ?? 0) };
  } finally {
    await end(agent);
  }
}

function isReady(): Promise<boolean> {
  return fetch(`http://${METRICS}/readyz`).then(
    ({ ok }) => ok,
    () => false,
  );
}

function median(starts: readonly Start[], key: keyof Start): number {
  const sorted = starts.map((each) => each[key]).toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
