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
  const read = (): Buffer => buffer.subarray(0, readSync(descriptor, buffer, 0, MAX_BYTES, 0));
  let columns: { readonly resets: number; readonly retransmissions: number };
  try {
    const names = tcpLine(read(), 0);
    columns = { resets: names.indexOf("OutRsts"), retransmissions: names.indexOf("RetransSegs") };
    if (columns.resets < 0 || columns.retransmissions < 0) throw new Error(`${path}: expected Tcp: with OutRsts and RetransSegs`);
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
  return {
    read() {
      const atMs = nowMs();
      const values = tcpLine(read(), 1);
      return { atMs, resets: Number(values[columns.resets]), retransmissions: Number(values[columns.retransmissions]) };
    },
    close: () => closeSync(descriptor),
  };
}

const TCP = Buffer.from("\nTcp: ");

/** The words of the line of names (0) or of values (1). It is read hundreds of times a second: no more than the line becomes text. */
function tcpLine(file: Buffer, line: 0 | 1): readonly string[] {
  let start = file.indexOf(TCP);
  if (line === 1 && start >= 0) start = file.indexOf(TCP, start + TCP.length);
  if (start < 0) return [];
  const end = file.indexOf("\n", start + 1);
  return file.toString("latin1", start + 1, end < 0 ? file.length : end).split(" ");
}
