/**
 * Opens connections from within one of the lab's namespaces: `node connects.ts ADDRESS PORT COUNT TIMEOUT_MS`, and prints what
 * became of them as one line of JSON. `connectsFrom` starts it there and reads the line.
 */
import { once } from "node:events";
import { connect } from "node:net";
import { monitorEventLoopDelay } from "node:perf_hooks";
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
  /** The longest time for which the process was held up meanwhile, milliseconds. */
  readonly heldUpMs: number;
}

/** A namespace and what to connect to from there. */
export interface ConnectsRequest {
  readonly from: string;
  readonly address: string;
  readonly port: number;
  readonly count: number;
  readonly timeoutMs: number;
}

/** The kernel sends a SYN again after a second: who looks that late at a connect that was to time out may find that it has not. */
const SECOND_SYN_MS = 900;
/** A machine with nothing else to do needs one. */
const MAX_TRIES = 20;

/**
 * Opens them all at once, and again as long as the machine held them up for so long that a second SYN may have got through where the
 * first one was to time out.
 */
export async function connectsFrom(lab: Lab, request: ConnectsRequest): Promise<Connects> {
  let seen = await connectsOnce(lab, request);
  const isTold = ({ heldUpMs }: Connects) => request.timeoutMs > SECOND_SYN_MS || request.timeoutMs + heldUpMs < SECOND_SYN_MS;
  for (let tries = 1; !isTold(seen) && tries < MAX_TRIES; tries++) seen = await connectsOnce(lab, request);
  return seen;
}

async function connectsOnce(lab: Lab, { from, address, port, count, timeoutMs }: ConnectsRequest): Promise<Connects> {
  const argv = [process.execPath, import.meta.filename, address, `${port}`, `${count}`, `${timeoutMs}`];
  const child = lab.spawnIn(from, argv, { stdio: ["ignore", "pipe", "inherit"] });
  if (child.stdout === null) throw new Error("no standard output");
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, "exit")]);
  if (code !== 0) throw new Error(`connects from ${from}: exit code ${code}`);
  return JSON.parse(output) as Connects;
}

class TimedOut extends Error {}

async function resetsSent(): Promise<number> {
  const { readFile } = await import("node:fs/promises");
  const [names = "", values = ""] = (await readFile("/proc/self/net/snmp", "utf8"))
    .split("\n")
    .filter((line) => line.startsWith("Tcp:"));
  return Number(values.split(" ")[names.split(" ").indexOf("OutRsts")]);
}

async function main([address = "", port, count, timeoutMs]: readonly string[]): Promise<void> {
  const result = { connected: 0, timedOut: 0, refused: {} as Record<string, number>, resetsSent: 0, slowestMs: 0, heldUpMs: 0 };
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  const resetsBefore = await resetsSent();
  const one = async () => {
    const startedMs = performance.now();
    const socket = connect({ host: address, port: Number(port) });
    // What the kernel has connected in time is read first, however late that is.
    const timer = setTimeout(() => setImmediate(() => socket.connecting && socket.destroy(new TimedOut())), Number(timeoutMs));
    try {
      await once(socket, "connect");
      result.connected += 1;
      result.slowestMs = Math.max(result.slowestMs, performance.now() - startedMs);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      const code = "code" in error ? String(error.code) : error.name;
      if (error instanceof TimedOut) result.timedOut += 1;
      else result.refused[code] = (result.refused[code] ?? 0) + 1;
      return;
    } finally {
      clearTimeout(timer);
    }
    // Closed by FIN with nothing unread: anything else would make this kernel send a reset, which is what is counted here.
    socket.resume().end();
    await once(socket, "close");
  };
  await Promise.all(Array.from({ length: Number(count) }, one));
  result.resetsSent = (await resetsSent()) - resetsBefore;
  delay.disable();
  result.heldUpMs = delay.max / 1e6;
  console.log(JSON.stringify(result));
}

if (import.meta.main) await main(process.argv.slice(2));
