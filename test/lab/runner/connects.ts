/**
 * Opens connections from within one of the lab's namespaces: `node connects.ts ADDRESS PORT COUNT TIMEOUT_MS`, and prints what
 * became of them as one line of JSON. `connectsFrom` starts it there and reads the line.
 */
import { once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import type { Lab } from "../../../lab/runner/lab.ts";

export interface Connects {
  readonly connected: number;
  readonly timedOut: number;
  /** Error codes such as ECONNREFUSED, with how often. */
  readonly refused: Readonly<Record<string, number>>;
  /** Resets that the namespace's kernel sent meanwhile (`Tcp: OutRsts` of /proc/net/snmp). */
  readonly resetsSent: number;
  /** The longest time to connect, milliseconds. */
  readonly slowestMs: number;
}

/** A namespace and what to connect to from there. */
export interface ConnectsRequest {
  readonly from: string;
  readonly address: string;
  readonly port: number;
  readonly count: number;
  readonly timeoutMs: number;
}

export async function connectsFrom(lab: Lab, { from, address, port, count, timeoutMs }: ConnectsRequest): Promise<Connects> {
  const argv = [process.execPath, import.meta.filename, address, `${port}`, `${count}`, `${timeoutMs}`];
  const child = lab.spawnIn(from, argv, { stdio: ["ignore", "pipe", "inherit"] });
  if (child.stdout === null) throw new Error("no standard output");
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, "exit")]);
  if (code !== 0) throw new Error(`connects from ${from}: exit code ${code}`);
  return JSON.parse(output) as Connects;
}

async function resetsSent(): Promise<number> {
  const { readFile } = await import("node:fs/promises");
  const [names = "", values = ""] = (await readFile("/proc/self/net/snmp", "utf8"))
    .split("\n")
    .filter((line) => line.startsWith("Tcp:"));
  return Number(values.split(" ")[names.split(" ").indexOf("OutRsts")]);
}

async function main([address = "", port, count, timeoutMs]: readonly string[]): Promise<void> {
  const result = { connected: 0, timedOut: 0, refused: {} as Record<string, number>, resetsSent: 0, slowestMs: 0 };
  const resetsBefore = await resetsSent();
  const one = async () => {
    const startedMs = performance.now();
    const socket = connect({ host: address, port: Number(port), signal: AbortSignal.timeout(Number(timeoutMs)) });
    try {
      await once(socket, "connect");
      result.connected += 1;
      result.slowestMs = Math.max(result.slowestMs, performance.now() - startedMs);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      const code = "code" in error ? String(error.code) : error.name;
      if (code === "ABORT_ERR") result.timedOut += 1;
      else result.refused[code] = (result.refused[code] ?? 0) + 1;
      return;
    }
    // Closed by FIN with nothing unread: anything else would make this kernel send a reset, which is what is counted here.
    socket.resume().end();
    await once(socket, "close");
  };
  await Promise.all(Array.from({ length: Number(count) }, one));
  result.resetsSent = (await resetsSent()) - resetsBefore;
  console.log(JSON.stringify(result));
}

if (import.meta.main) await main(process.argv.slice(2));
