/** SYN-ACKs as tcpdump shows them: which it is asked for, and what a line of it says. */

/** SYN and ACK set, RST and FIN whatever they are: byte 13 of the TCP header, which libpcap finds in IPv4 only. */
const FILTER = "(tcp[13] & 0x12 = 0x12) or (ip6[6] = 6 and ip6[53] & 0x12 = 0x12)";

/** No names, no times, a line as soon as a packet is there, headers only, and nothing that this host sends. */
export const TCPDUMP_ARGUMENTS = ["-n", "-t", "-l", "--immediate-mode", "-Q", "in", "-i", "any", "-s", "96", FILTER] as const;

export interface SynAck {
  readonly source: { readonly address: string; readonly port: number };
  /** The local port that it is for. */
  readonly port: number;
}

/** @returns `undefined` for any other line. */
export function readSynAck(line: string): SynAck | undefined {
  const match = /\bIP6? ([0-9a-fA-F.:]+)\.(\d+) > [0-9a-fA-F.:]+\.(\d+): Flags \[S\.[A-Z]*\]/.exec(line);
  if (match?.[1] === undefined) return undefined;
  return { source: { address: match[1], port: Number(match[2]) }, port: Number(match[3]) };
}
