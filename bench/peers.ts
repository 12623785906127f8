/**
 * What an attempt costs beside others that do the same, in the same run: `npm run bench:peers`.
 *
 * 50 addresses, first all healthy, then 30 % of them silently dropping, at 5, 50 and 200 attempts a second; each subject in turn has one
 * core to itself, and the server and whatever drives it have the other. Quote the ratios: the absolute times are this machine's.
 *
 *   node bench/peers.ts [--seconds 10] [--rates 5,50,200] [--kinds tcp,http] [--only NAME,NAME]
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { BACKEND_HTTP_PORT, BACKEND_TCP_PORT } from "../lab/topology.ts";
import { bundle } from "../scripts/bundle.ts";
import { findGoTool } from "../scripts/go-tools.mjs";
import { startFrontendFarm } from "./frontend-farm.ts";
import { agentSubject } from "./peers/agent.ts";
import { blackboxExporter } from "./peers/blackbox-exporter.ts";
import { cloudprober } from "./peers/cloudprober.ts";
import { buildFloor, buildGoDial, nodeLoop } from "./peers/loops.ts";
import { type Cost, measure } from "./peers/measure.ts";
import type { ProbeKind, Subject } from "./peers/subject.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "10" },
    rates: { type: "string", default: "5,50,200" },
    kinds: { type: "string", default: "tcp,http" },
    shares: { type: "string", default: "0,0.3" },
    only: { type: "string" },
  },
});
const FRONTENDS = 50;
const TIMEOUT_MS = 3_000;
const [CORE, OTHER_CORE] = [0, 1];
const PORTS = { tcp: BACKEND_TCP_PORT, http: BACKEND_HTTP_PORT };
/** Programs that were to be compared and cannot be, with what keeps them out. */
const LEFT_OUT: Readonly<Record<string, string>> = {
  kubenurse: "the Go module proxy does not serve its module (403 to each version asked for)",
};

const folder = mkdtempSync(join(tmpdir(), "hairpin-bench-"));
try {
  const subjects = (await allSubjects()).filter(
    ({ name }) => values.only?.split(",").some((part) => name.includes(part)) ?? true,
  );
  for (const { name, perAttempt } of subjects) console.log(`${name.padEnd(26)}${perAttempt}`);
  console.log();
  for (const kind of values.kinds.split(",") as ProbeKind[]) {
    for (const droppingShare of values.shares.split(",").map(Number)) {
      const farm = await startFrontendFarm({ frontends: FRONTENDS, droppingShare, core: OTHER_CORE });
      try {
        for (const rate of values.rates.split(",").map(Number)) {
          printRow([
            `${kind}, ${droppingShare * 100} % drop, ${rate}/s`,
            "attempts",
            "CPU",
            "to floor",
            "RSS",
            "PSS",
            "threads",
            "wake-ups",
          ]);
          const { addresses } = farm;
          const intervalMs = Math.round((FRONTENDS / rate) * 1000);
          const shared = {
            addresses,
            port: PORTS[kind],
            kind,
            intervalMs,
            timeoutMs: TIMEOUT_MS,
            core: CORE,
            otherCore: OTHER_CORE,
            folder,
          };
          let floor: number | undefined;
          for (const subject of subjects.filter(({ kinds }) => kinds.includes(kind))) {
            const cost = await measure(subject, shared, Number(values.seconds));
            floor ??= cost.cpuMicrosPerAttempt;
            printCost(subject.name, cost, floor);
          }
        }
      } finally {
        await farm.close();
      }
    }
  }
} finally {
  rmSync(folder, { recursive: true });
}

/** The floor first, then what is ours, then the others. */
async function allSubjects(): Promise<readonly Subject[]> {
  const app = join(folder, "app");
  await bundle(join(app, "dist"));
  writeFileSync(join(app, "package.json"), '{ "type": "module", "version": "0.0.0" }');
  for (const [name, why] of Object.entries(LEFT_OUT)) missing(name, why);
  return [
    ...built("the floor", "cc", buildFloor),
    agentSubject(join(app, "dist/main.js")),
    ...ofModules("blackbox-exporter", blackboxExporter),
    ...ofModules("cloudprober", cloudprober),
    ...built("the loop in Go", "go", buildGoDial),
    nodeLoop,
  ];
}

function ofModules(name: Parameters<typeof findGoTool>[0], subject: (program: string) => Subject): readonly Subject[] {
  const program = findGoTool(name);
  if (program !== undefined) return [subject(program)];
  missing(name.replaceAll("-", "_"), `it was not built; it takes Go: node scripts/go-tools.mjs ${name}`);
  return [];
}

function built(name: string, compiler: string, build: (folder: string) => Subject): readonly Subject[] {
  try {
    return [build(folder)];
  } catch (error) {
    missing(name, `${compiler}: ${error instanceof Error ? error.message : String(error)}`);
    return [];
  }
}

function missing(name: string, why: string): void {
  console.log(`NOT MEASURED: ${name}: ${why}`);
}

function printCost(name: string, cost: Cost, floorMicros: number): void {
  printRow([
    `  ${name}`,
    String(cost.attempts),
    `${cost.cpuMicrosPerAttempt.toFixed(0)} µs`,
    (cost.cpuMicrosPerAttempt / floorMicros).toFixed(1),
    `${cost.residentMb.toFixed(1)} MB`,
    `${cost.proportionalMb.toFixed(1)} MB`,
    String(cost.threads),
    `${cost.wakeUpsPerSecond.toFixed(0)}/s`,
  ]);
}

function printRow(cells: readonly string[]): void {
  console.log(cells.map((cell, i) => (i === 0 ? cell.padEnd(30) : cell.padStart(11))).join(""));
}
