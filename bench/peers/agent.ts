import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { end } from "../frontend-farm.ts";
import { imageEnvironment, imageFlags } from "../image-flags.ts";
import { type Drive, pidOf, type Running, type Subject, startOn, untilOk } from "./subject.ts";

export const METRICS = "http://127.0.0.1:19867";

/** The agent as the image has it: bundled, with the image's flags, its own defaults, and all metrics and evidence on. */
export const agentSubject = (bundled: string): Subject => ({
  name: "hairpin-probe",
  perAttempt: "connect, FIN; evidence, 15 series per frontend, status; scraped once in the window",
  kinds: ["tcp", "http"],
  compilesAsItRuns: true,
  start: (drive) => startAgent(bundled, drive),
});

async function startAgent(bundled: string, drive: Drive): Promise<Running> {
  const { addresses, port, kind, intervalMs, timeoutMs, core, folder } = drive;
  const zoned = addresses.map((address) => ({ address, zone: "zone-a" }));
  const service = { namespace: "bench", name: "farm", addresses: zoned, ports: [{ port, protocol: kind }] };
  const agent = startOn(
    core,
    agentCommand(bundled, folder, [service], [`--interval=${intervalMs}ms`, `--timeout=${timeoutMs}ms`]),
    imageEnvironment(),
  );
  await untilOk(`${METRICS}/readyz`);
  return { pid: pidOf(agent), scrape: async () => void (await scrape()), stop: () => end(agent) };
}

/**
 * The command line of an agent that probes what a file says.
 *
 * @param services - As the file has them.
 */
export function agentCommand(
  bundled: string,
  folder: string,
  services: readonly unknown[],
  flags: readonly string[],
): readonly string[] {
  const file = join(folder, "frontends.yaml");
  // JSON is YAML.
  writeFileSync(file, JSON.stringify({ services }));
  const own = ["--frontends", file, "--node-name", "bench", "--metrics-address", new URL(METRICS).host, "--log-level", "error"];
  return [process.execPath, ...imageFlags(), bundled, "agent", ...own, ...flags];
}

/** @returns The page of metrics. */
export const scrape = async (): Promise<string> => (await fetch(`${METRICS}/metrics`)).text();
