import { closeSync, openSync, readSync } from "node:fs";

/** What the kernel had counted in this network namespace at one instant. */
export interface Reading {
  /** Monotonic milliseconds. */
  readonly atMs: number;
  /** Resets sent (RFC 4022, tcpOutRsts). */
  readonly resets: number;
  /** Segments sent again (RFC 4022, tcpRetransSegs). */
  readonly retransmissions: number;
}

export interface Counters {
  read(): Reading;
  close(): void;
}

/** Of the network namespace of whoever reads it; any user may. @see proc_net(5), Documentation/networking/snmp_counter.rst. */
const PATH = "/proc/self/net/snmp";
/** The file has a line of names and a line of values for each of six protocols: about 1.5 KB. */
const MAX_BYTES = 16 * 1024;

/**
 * Opens the kernel's TCP counters; the descriptor is kept, so that a reading costs one system call (15 to 20 µs).
 *
 * @throws Error when the file cannot be opened, or does not have the counters.
 */
export function openCounters(nowMs: () => number, path: string = PATH): Counters {
  const descriptor = openSync(path, "r");
  const buffer = Buffer.allocUnsafe(MAX_BYTES);
  const text = (): string => buffer.toString("latin1", 0, readSync(descriptor, buffer, 0, MAX_BYTES, 0));
  let columns: { readonly resets: number; readonly retransmissions: number };
  try {
    const names = tcpLines(text())[0]?.split(" ") ?? [];
    columns = { resets: names.indexOf("OutRsts"), retransmissions: names.indexOf("RetransSegs") };
    if (columns.resets < 0 || columns.retransmissions < 0) throw new Error(`${path}: expected Tcp: with OutRsts and RetransSegs`);
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
  return {
    read() {
      const atMs = nowMs();
      const values = tcpLines(text())[1]?.split(" ") ?? [];
      return { atMs, resets: Number(values[columns.resets]), retransmissions: Number(values[columns.retransmissions]) };
    },
    close: () => closeSync(descriptor),
  };
}

/** The line of names and the line of values. */
function tcpLines(text: string): readonly string[] {
  const start = text.indexOf("\nTcp: ") + 1;
  return text.slice(start, text.indexOf("\nUdp", start)).split("\n");
}
