/**
 * Whether an agent that works hard for long keeps its memory: `npm run bench:soak -- --minutes 30`.
 *
 * 200 attempts a second at 50 frontends, 30 % of which drop silently, evidence on, scraped as Prometheus does. Resident memory, the
 * heap's low (what is left after a garbage collection, about) and open files each minute, and their slope over the second half: the
 * first has the compiler's and the allocator's own growth. Exits with 1 when memory grows by more than the bound, when a file stays
 * open, or when a healthy frontend has failed.
 */
import type { ChildProcess } from "node:child_process";
import { readdirSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { sumOf } from "../src/domain/exposition.ts";
import { startFarmAgent } from "./agent-run.ts";
import { startFrontendFarm } from "./frontend-farm.ts";
import { procDirectory, residentMegabytes } from "./process-cost.ts";
import { slopeOf } from "./slope.ts";

const { values } = parseArgs({ options: { minutes: { type: "string", default: "30" } } });
const minutes = Number(values.minutes);
const RATE = 200;
const FRONTENDS = 50;
const DROPPING_SHARE = 0.3;
const SAMPLE_EVERY_MS = 5_000;
const SCRAPE_EVERY_MS = 15_000;
/** 10 MB an hour is 14 bytes an attempt: what a leak of the smallest object would come to. */
const MAX_MB_AN_HOUR = 10;
const MAX_MORE_FILES = 20;
const HEAP_FLOOR = fileURLToPath(new URL("./heap-floor.ts", import.meta.url));

interface Sample {
  readonly hours: number;
  readonly residentMb: number;
  /** The heap's low since the sample before. */
  readonly heapMb: number;
}

const farm = await startFrontendFarm({ frontends: FRONTENDS, droppingShare: DROPPING_SHARE, core: 1 });
const agent = await startFarmAgent({ farm, rate: RATE, core: 0 }, [HEAP_FLOOR], "pipe");
let isBad = false;
try {
  const heap = heapOf(agent.process);
  const samples: Sample[] = [];
  const files = (): number => readdirSync(`${procDirectory(agent.pid)}/fd`).length;
  await sleep(SAMPLE_EVERY_MS);
  const filesAtFirst = files();
  const startedMs = performance.now();
  let printed = 0;
  let scrapedMs = 0;
  for (let atMs = 0; atMs <= minutes * 60_000; atMs = performance.now() - startedMs) {
    samples.push({ hours: atMs / 3_600_000, residentMb: residentMegabytes(agent.pid), heapMb: heap.takeLow() / 1e6 });
    if (atMs - scrapedMs >= SCRAPE_EVERY_MS) {
      scrapedMs = atMs;
      await agent.scrape();
    }
    if (atMs >= (printed + 1) * 60_000) {
      printed++;
      const recent = samples.slice(-60_000 / SAMPLE_EVERY_MS);
      const resident = recent.reduce((sum, { residentMb }) => sum + residentMb, 0) / recent.length;
      const low = Math.min(...recent.map(({ heapMb }) => heapMb));
      console.log(`${`${printed} min`.padStart(7)}  RSS ${mb(resident)}  heap's low ${mb(low)}  open files ${files()}`);
    }
    await sleep(SAMPLE_EVERY_MS);
  }
  const late = samples.filter(({ hours }) => hours * 60 >= minutes / 2);
  const resident = slopeOf(late.map(({ hours, residentMb }) => [hours, residentMb]));
  const heapLow = slopeOf(lowsOf(late).map(({ hours, heapMb }) => [hours, heapMb]));
  const page = await agent.scrape();
  const attempts = sumOf(page, "hairpin_probe_attempts_total");
  const timeouts = sumOf(page, "hairpin_probe_failures_total", { reason: "connect_timeout" });
  const others = sumOf(page, "hairpin_probe_failures_total") - timeouts;
  const moreFiles = files() - filesAtFirst;
  console.log(
    `${attempts} attempts, ${((timeouts / attempts) * 100).toFixed(2)} % timed out (${DROPPING_SHARE * 100} % drop), ` +
      `${others} other failures, ${sumOf(page, "hairpin_probe_discarded_total")} discarded, ${moreFiles} more open files.`,
  );
  console.log(
    `Slope over the second half: RSS ${perHour(resident)}, heap's low ${perHour(heapLow)}; at most ${MAX_MB_AN_HOUR} MB/hour.`,
  );
  isBad = Math.max(resident.slope, heapLow.slope) > MAX_MB_AN_HOUR || moreFiles > MAX_MORE_FILES || others > 0;
} finally {
  await agent.close();
  await farm.close();
}
process.exit(isBad ? 1 : 0);

/** Follows what heap-floor.ts prints; anything else goes through. */
function heapOf(child: ChildProcess): { readonly takeLow: () => number } {
  let low = Number.POSITIVE_INFINITY;
  let last = 0;
  if (child.stderr === null) throw new Error("the agent's standard error is not piped");
  createInterface({ input: child.stderr }).on("line", (line) => {
    const used = /^heap (\d+)$/.exec(line)?.[1];
    if (used === undefined) console.error(line);
    else {
      last = Number(used);
      low = Math.min(low, last);
    }
  });
  return {
    takeLow: () => {
      const taken = Number.isFinite(low) ? low : last;
      low = Number.POSITIVE_INFINITY;
      return taken;
    },
  };
}

/** The lowest of each minute. */
function lowsOf(samples: readonly Sample[]): readonly Sample[] {
  const lows = new Map<number, Sample>();
  for (const sample of samples) {
    const minute = Math.floor(sample.hours * 60);
    const low = lows.get(minute);
    if (low === undefined || sample.heapMb < low.heapMb) lows.set(minute, sample);
  }
  return [...lows.values()];
}

function mb(value: number): string {
  return `${value.toFixed(1).padStart(6)} MB`;
}

function perHour({ slope, error }: { readonly slope: number; readonly error: number }): string {
  return `${slope >= 0 ? "+" : ""}${slope.toFixed(2)} MB/hour (± ${error.toFixed(2)})`;
}
