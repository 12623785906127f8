import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { end } from "../frontend-farm.ts";
import { type Drive, pidOf, type Running, type Subject, startOn, untilOk } from "./subject.ts";

const PORT = 19313;
const METRICS = `http://127.0.0.1:${PORT}/metrics`;
/** No log line for each failure, no log kept in memory, nobody asked for the cloud that it runs in. */
const FLAGS = ["--min_log_level=CRITICAL", "--log_store_max_mem_mb=0", "--cloud_metadata=none"];

/** @param program - Path of cloudprober. */
export const cloudprober = (program: string): Subject => ({
  name: "cloudprober",
  perAttempt: "connect, close; 3 series per target and probe; scraped once in the window",
  kinds: ["tcp", "http"],
  start: (drive) => start(program, drive),
});

async function start(program: string, drive: Drive): Promise<Running> {
  const config = join(drive.folder, "cloudprober.json");
  writeFileSync(config, JSON.stringify(configOf(drive)));
  const prober = startOn(drive.core, [program, `--config_file=${config}`, ...FLAGS]);
  await untilOk(METRICS);
  const scrape = async (): Promise<void> => void (await (await fetch(METRICS)).text());
  return { pid: pidOf(prober), scrape, stop: () => end(prober) };
}

/**
 * A probe waits for its attempt before it begins the next, and its interval may not be below its timeout: as many probes as overlap
 * take turns at the same targets. Targets and turns are spread evenly over the interval.
 */
function configOf({ kind, port, addresses, intervalMs, timeoutMs }: Drive): object {
  const overlapping = Math.ceil(timeoutMs / intervalMs);
  const kindConfig = { port, interval_between_targets_msec: Math.round(intervalMs / addresses.length) };
  const probe = Array.from({ length: overlapping }, (_, turn) => ({
    name: `farm-${turn}`,
    type: kind.toUpperCase(),
    interval_msec: overlapping * intervalMs,
    timeout_msec: timeoutMs,
    startup_delay_msec: turn * intervalMs,
    targets: { host_names: addresses.join(",") },
    [`${kind}_probe`]: kindConfig,
  }));
  return { host: "127.0.0.1", port: PORT, disable_jitter: true, surfacer: [{ type: "PROMETHEUS" }], probe };
}
