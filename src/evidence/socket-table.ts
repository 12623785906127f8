/** One TCP socket of a network namespace. Ends are the kernel's own hexadecimal text, which is all that it takes to compare them. */
export interface TcpSocket {
  readonly local: string;
  readonly remote: string;
  /** As in include/net/tcp_states.h, in hexadecimal. */
  readonly state: string;
}

export const [TIME_WAIT, LISTEN] = ["06", "0A"] as const;

/** Before an IPv4 address that an IPv6 socket has (RFC 4291 section 2.5.5.2), as the kernel prints it on little-endian machines. */
const MAPPED = "0000000000000000FFFF0000";

/**
 * Reads /proc/net/tcp or tcp6: any process may, and it has the sockets of all processes in the network namespace.
 *
 * @see proc_net_tcp.rst in the kernel's documentation.
 */
export function parseSocketTable(text: string): readonly TcpSocket[] {
  return text.split("\n").flatMap((line) => {
    const [, local = "", remote = "", state = ""] = /^\s*\d+: ([0-9A-F:]+) ([0-9A-F:]+) ([0-9A-F]{2}) /.exec(line) ?? [];
    return state === "" ? [] : [{ local: local.replace(MAPPED, ""), remote: remote.replace(MAPPED, ""), state }];
  });
}

export const portOf = (end: string): number => Number.parseInt(end.slice(end.indexOf(":") + 1), 16);

/** The address of an end as people write it; that of IPv6 stays as the kernel prints it. */
export function addressOf(end: string): string {
  const hex = end.slice(0, end.indexOf(":"));
  // Little-endian, as both processors are that the image is built for.
  return hex.length === 8
    ? (hex.match(/../g) ?? [])
        .reverse()
        .map((byte) => Number.parseInt(byte, 16))
        .join(".")
    : hex;
}
