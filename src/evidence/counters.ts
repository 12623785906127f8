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
    const file = read();
    const start = tcpLine(file, 0);
    const names = start < 0 ? [] : file.toString("latin1", start, file.indexOf("\n", start)).split(" ");
    columns = { resets: names.indexOf("OutRsts"), retransmissions: names.indexOf("RetransSegs") };
    if (columns.resets < 0 || columns.retransmissions < 0) throw new Error(`${path}: expected Tcp: with OutRsts and RetransSegs`);
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
  return {
    read() {
      const atMs = nowMs();
      const file = read();
      const start = tcpLine(file, 1);
      const { resets, retransmissions } = columns;
      return { atMs, resets: numberAt(file, start, resets), retransmissions: numberAt(file, start, retransmissions) };
    },
    close: () => closeSync(descriptor),
  };
}

const TCP = Buffer.from("\nTcp: ");
const [NEWLINE, SPACE, ZERO, NINE] = [0x0a, 0x20, 0x30, 0x39];

/** Where the words of the line of names (0) or of values (1) begin; -1: there is none. */
function tcpLine(file: Buffer, line: 0 | 1): number {
  let found = file.indexOf(TCP);
  if (line === 1 && found >= 0) found = file.indexOf(TCP, found + TCP.length);
  return found < 0 ? -1 : found + TCP.length;
}

/** A number of a line by its column, 0 for the first. It is read hundreds of times a second: nothing of it becomes text. */
function numberAt(file: Buffer, lineStart: number, column: number): number {
  let at = lineStart;
  for (let passed = 0; passed < column; at++) {
    const byte = at < 0 ? NEWLINE : (file[at] ?? NEWLINE);
    if (byte === NEWLINE) return Number.NaN;
    if (byte === SPACE) passed++;
  }
  let value = 0;
  for (let byte = file[at] ?? 0; byte >= ZERO && byte <= NINE; byte = file[++at] ?? 0) value = value * 10 + (byte - ZERO);
  return value;
}
