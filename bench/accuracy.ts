/**
 * How true the agent's connect times are: `npm run bench:accuracy`.
 *
 * 50 attempts a second at 50 frontends, 30 % of which drop silently, evidence on; the agent's own prober on one core, the server on the
 * other. Beside it tcpdump, with the kernel's timestamps: each connect that the prober reports is matched by its source port with the
 * time from SYN to SYN-ACK. The error is what the prober says more than the kernel; what was discarded was not reported, and is not in
 * it. Exits with 1 when the error is beyond its bounds: half below 0.2 ms, 99 in 100 below 1 ms.
 *
 * The farm is on the loopback interface, where a handshake is over before connect(2) returns: there is no network to hide behind, and
 * the time in which the process waits for its event is all error.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { BACKEND_TCP_PORT } from "../lab/topology.ts";
import type { EvidenceLevel } from "../src/domain/evidence.ts";
import type { ProberRun } from "./accuracy-prober.ts";
import { type FrontendFarm, startFrontendFarm } from "./frontend-farm.ts";
import { captureHandshakes } from "./handshakes.ts";
import { imageFlags } from "./image-flags.ts";

const { values } = parseArgs({ options: { seconds: { type: "string", default: "60" } } });
const RATE = 50;
const FRONTENDS = 50;
const DROPPING_SHARE = 0.3;
const TIMEOUT_MS = 3_000;
const [PROBER_CORE, SERVER_CORE] = ["0", 1] as const;
const BOUNDS_MS = { p50: 0.2, p99: 1 } as const;
const PROBER = fileURLToPath(new URL("./accuracy-prober.ts", import.meta.url));

async function probe(farm: FrontendFarm, evidence: EvidenceLevel): Promise<ProberRun> {
  const interval = String((farm.addresses.length / RATE) * 1000);
  const options = [String(BACKEND_TCP_PORT), interval, String(TIMEOUT_MS), evidence, values.seconds, ...farm.addresses];
  const argv = ["-c", PROBER_CORE, process.execPath, ...imageFlags(), PROBER, ...options];
  const child = spawn("taskset", argv, { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  await once(child, "close");
  return JSON.parse(text) as ProberRun;
}

const ms = (value: number): string => `${value.toFixed(3)} ms`.padStart(12);
const row = (cells: readonly string[]): void =>
  console.log(cells.map((cell, i) => (i === 0 ? cell.padEnd(12) : cell.padStart(12))).join(""));

let isBad = false;
const farm = await startFrontendFarm({ frontends: FRONTENDS, droppingShare: DROPPING_SHARE, core: SERVER_CORE });
try {
  row(["evidence", "matched", "unmatched", "timeouts", "discarded", "kernel p50", "error p50", "p90", "p99", "max"]);
  for (const evidence of ["counters", "off"] as const) {
    const handshakes = await captureHandshakes("lo", BACKEND_TCP_PORT, SERVER_CORE);
    const { connects, timeouts, discarded } = await probe(farm, evidence);
    // What tcpdump has seen it hands on in blocks.
    await sleep(1_500);
    await handshakes.close();
    const pairs = connects.flatMap(([localPort, address, seconds]) => {
      const truth = handshakes.secondsOf(localPort, address);
      return truth === undefined ? [] : [{ truth: truth * 1000, error: (seconds - truth) * 1000 }];
    });
    const errors = pairs.map(({ error }) => error).sort((a, b) => a - b);
    const at = (sorted: readonly number[], share: number): number => sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN;
    const truths = pairs.map(({ truth }) => truth).sort((a, b) => a - b);
    const [p50, p99] = [at(errors, 0.5), at(errors, 0.99)];
    const counts = [pairs.length, connects.length - pairs.length, timeouts, discarded].map(String);
    row([evidence, ...counts, ...[at(truths, 0.5), p50, at(errors, 0.9), p99, at(errors, 1)].map(ms)]);
    isBad ||= !(p50 < BOUNDS_MS.p50 && p99 < BOUNDS_MS.p99) || pairs.length < connects.length * 0.99;
  }
} finally {
  await farm.close();
}
process.exit(isBad ? 1 : 0);
