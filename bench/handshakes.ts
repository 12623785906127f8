import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** What the kernel saw of the connects in this network namespace. */
export interface Handshakes {
  /**
   * Seconds from the first SYN to the SYN-ACK of the connection from this port to this address that began last; `undefined`: none was
   * seen to its end.
   */
  secondsOf(localPort: number, address: string): number | undefined;
  close(): Promise<void>;
}

/** A line of tcpdump of a packet with SYN set: `1700000000.123456789 IP 10.0.0.1.40000 > 10.0.0.2.80: Flags [S.], …`. */
const LINE = /^(\d+)\.(\d{9}) IP (\S+)\.(\d+) > (\S+)\.(\d+): Flags \[(S\.?)[\]A-Z]/;

/**
 * Captures the handshakes to a port, with the kernel's own timestamps in nanoseconds.
 *
 * @param core - The processor that tcpdump is kept on: it wakes with each packet, just when the prober is to read of it.
 * @throws Error where tcpdump cannot run: it needs root, and not only that of a user namespace.
 */
export async function captureHandshakes(device: string, port: number, core: number): Promise<Handshakes> {
  const filter = `tcp port ${port} and tcp[tcpflags] & tcp-syn != 0`;
  const options = ["-n", "-tt", "--time-stamp-precision=nano", "-Z", "root", "-B", "8192", "-i", device, filter];
  const child = spawn("taskset", ["-c", String(core), "tcpdump", ...options], { stdio: ["ignore", "pipe", "pipe"] });
  /** By both ends, in nanoseconds. */
  const begun = new Map<string, { readonly at: bigint; answeredAt?: bigint }>();
  createInterface({ input: child.stdout }).on("line", (line) => {
    const [, seconds, nanos, from, fromPort, to, toPort, flags] = LINE.exec(line) ?? [];
    if (seconds === undefined || nanos === undefined) return;
    const at = BigInt(seconds) * 1_000_000_000n + BigInt(nanos);
    if (flags === "S") {
      const key = `${fromPort} ${to}`;
      const known = begun.get(key);
      // Sent again: the connect began with the first. An answered one is over, and its port is used anew.
      if (known === undefined || known.answeredAt !== undefined) begun.set(key, { at });
    } else if (toPort !== undefined) {
      const known = begun.get(`${toPort} ${from}`);
      if (known !== undefined) known.answeredAt ??= at;
    }
  });
  await listening(child);
  return {
    secondsOf(localPort, address) {
      const known = begun.get(`${localPort} ${address}`);
      return known?.answeredAt === undefined ? undefined : Number(known.answeredAt - known.at) / 1e9;
    },
    async close() {
      const ended = once(child, "close");
      child.kill("SIGINT");
      await ended;
    },
  };
}

async function listening(child: ChildProcess): Promise<void> {
  if (child.stderr === null) throw new Error("tcpdump has no standard error");
  let said = "";
  for await (const line of createInterface({ input: child.stderr })) {
    if (line.includes("listening on")) return;
    said = line;
  }
  throw new Error(`tcpdump does not listen (as root it does): ${said}`);
}
