/**
 * What a large agent takes, against what it may: `npm run bench:limits`.
 *
 * 200 Services with 3 addresses each, from the bundle with the image's flags. Memory when all is planned and probed at the default
 * interval; with 600 attempts in flight that nothing answers; a scrape of 5,000 series, and how late attempts start meanwhile; and the
 * time from start to the first SYN. Exits with 1 when a limit is broken.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { BACKEND_TCP_PORT } from "../lab/topology.ts";
import { bundle } from "../scripts/bundle.ts";
import { parseExposition, sumOf } from "../src/domain/exposition.ts";
import { end, startFrontendFarm } from "./frontend-farm.ts";
import { imageEnvironment } from "./image-flags.ts";
import { agentCommand, METRICS, scrape } from "./peers/agent.ts";
import { activeOpens } from "./peers/measure.ts";
import { pidOf, startOn, untilOk } from "./peers/subject.ts";
import { proportionalMegabytes, residentMegabytes } from "./process-cost.ts";

const SERVICES = 200;
const ZONES = ["eu-west-1a", "eu-west-1b", "eu-west-1c"];
/** Services with three addresses that have about 5,000 series. */
const SERVICES_OF_5000 = 81;
/** Garbage of the start is collected by then, as it is in an agent that lives for weeks. */
const SETTLE_MS = 20_000;
const IN_FLIGHT_MS = 15_000;
/** The bucket next to the limit of 2 ms. */
const LATE_S = 0.0025;
const SCRAPES = 100;
/** As long as the scrapes take. */
const QUIET_MS = 20_000;
const STARTS = 7;
const [CORE, OTHER_CORE] = [0, 1];
const LIMITS = { idleMb: 64, inFlightMb: 10, scrapeMs: 10, laterMs: 2, startMs: 1_000 };

let isBroken = false;
const folder = mkdtempSync(join(tmpdir(), "hairpin-bench-"));
try {
  const app = join(folder, "app");
  await bundle(join(app, "dist"));
  writeFileSync(join(app, "package.json"), '{ "type": "module", "version": "0.0.0" }');
  const entry = join(app, "dist/main.js");
  const idle = await onFarm(0, SERVICES, (services) => memory(entry, services, [], SETTLE_MS));
  report("idle, 600 frontends planned, RSS", idle.residentMb, LIMITS.idleMb, "MB");
  console.log(`  PSS ${idle.proportionalMb.toFixed(1)} MB`);
  const busy = await onFarm(1, SERVICES, (services) => memory(entry, services, ["--interval=3s", "--timeout=3s"], IN_FLIGHT_MS));
  report(`${busy.inFlight} silent attempts in flight, RSS over idle`, busy.residentMb - idle.residentMb, LIMITS.inFlightMb, "MB");
  const scraped = await onFarm(0, SERVICES_OF_5000, (services) => scrapes(entry, services));
  report(`scrape of ${scraped.series} series, median`, scraped.medianMs, LIMITS.scrapeMs, "ms");
  report("attempts start later meanwhile, mean", scraped.laterMs, LIMITS.laterMs, "ms");
  const { quiet, scraped: meanwhile } = scraped.lateShares;
  const percent = (share: number) => `${(share * 100).toFixed(2)} %`;
  console.log(`  later than ${LATE_S * 1000} ms: ${percent(quiet)} of them without a scrape, ${percent(meanwhile)} with one`);
  report("start to first SYN, median", await onFarm(0, SERVICES, (services) => firstSyn(entry, services)), LIMITS.startMs, "ms");
} finally {
  rmSync(folder, { recursive: true });
}
process.exitCode = isBroken ? 1 : 0;

async function onFarm<T>(
  droppingShare: number,
  count: number,
  measured: (services: readonly unknown[]) => Promise<T>,
): Promise<T> {
  const farm = await startFrontendFarm({ frontends: count * ZONES.length, droppingShare, core: OTHER_CORE });
  try {
    const ports = [{ port: BACKEND_TCP_PORT, protocol: "tcp" }];
    const services = Array.from({ length: count }, (_, i) => ({
      namespace: `team-${i % 20}`,
      name: `service-${i}`,
      addresses: ZONES.map((zone, z) => ({ address: farm.addresses[i * ZONES.length + z], zone })),
      ports,
    }));
    return await measured(services);
  } finally {
    await farm.close();
  }
}

async function withAgent<T>(
  entry: string,
  services: readonly unknown[],
  flags: readonly string[],
  measured: (pid: number) => Promise<T>,
): Promise<T> {
  const agent = startOn(CORE, agentCommand(entry, folder, services, flags), imageEnvironment());
  try {
    return await measured(pidOf(agent));
  } finally {
    await end(agent);
  }
}

/** Resident and proportional memory after some time, and the attempts that were in flight. */
function memory(entry: string, services: readonly unknown[], flags: readonly string[], afterMs: number) {
  return withAgent(entry, services, flags, async (pid) => {
    await untilOk(`${METRICS}/readyz`);
    await sleep(afterMs);
    const [residentMb, proportionalMb] = [residentMegabytes(pid), proportionalMegabytes(pid)];
    const status = (await (await fetch(`${METRICS}/api/v1/status`)).json()) as { agent: { attemptsInFlight: number } };
    return { residentMb, proportionalMb, inFlight: status.agent.attemptsInFlight };
  });
}

/** Time of a scrape while 200 attempts start a second, and how much later they start than without. */
function scrapes(entry: string, services: readonly unknown[]) {
  const intervalMs = Math.round((services.length * ZONES.length * 1000) / 200);
  return withAgent(entry, services, [`--interval=${intervalMs}ms`], async () => {
    await untilOk(`${METRICS}/readyz`);
    await sleep(5_000);
    const before = latenessOf(await scrape());
    await sleep(QUIET_MS);
    const quiet = latenessOf(await scrape());
    const times: number[] = [];
    for (let i = 0; i < SCRAPES; i++) {
      const sinceMs = performance.now();
      await page();
      times.push(performance.now() - sinceMs);
      await sleep(180);
    }
    const text = await scrape();
    const after = latenessOf(text);
    const lateShare = (from: typeof before, to: typeof before) => (to.late - from.late) / (to.count - from.count);
    const mean = (from: typeof before, to: typeof before) => ((to.sum - from.sum) / (to.count - from.count)) * 1000;
    return {
      series: parseExposition(text).length,
      medianMs: median(times),
      laterMs: Math.max(0, mean(quiet, after) - mean(before, quiet)),
      lateShares: { quiet: lateShare(before, quiet), scraped: lateShare(quiet, after) },
    };
  });
}

/** Its end read, and nothing made of it: what is measured is the agent. */
function page(): Promise<void> {
  return new Promise((resolve, reject) => {
    get(`${METRICS}/metrics`, (response) => response.resume().once("end", resolve)).once("error", reject);
  });
}

function latenessOf(text: string): { readonly sum: number; readonly count: number; readonly late: number } {
  const samples = parseExposition(text);
  const name = "hairpin_probe_start_lateness_seconds";
  const count = sumOf(samples, `${name}_count`);
  return { sum: sumOf(samples, `${name}_sum`), count, late: count - sumOf(samples, `${name}_bucket`, { le: String(LATE_S) }) };
}

async function firstSyn(entry: string, services: readonly unknown[]): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < STARTS; i++) {
    const opens = activeOpens();
    const sinceMs = performance.now();
    const ms = await withAgent(entry, services, [], async () => {
      while (activeOpens() === opens) await sleep(1);
      return performance.now() - sinceMs;
    });
    times.push(ms);
  }
  return median(times);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function report(what: string, value: number, limit: number, unit: string): void {
  if (value > limit) isBroken = true;
  console.log(`${what.padEnd(52)}${value.toFixed(1).padStart(8)} ${unit}, at most ${limit}${value > limit ? ": NOT MET" : ""}`);
}
