import { isIP } from "node:net";

/** A range of addresses: all that begin with the same `prefix` bits as `network`. */
export interface Cidr {
  readonly family: 4 | 6;
  /** The lowest address of the range, as a number. */
  readonly network: bigint;
  /** The highest. */
  readonly last: bigint;
  readonly prefix: number;
}

/** An IP address as a number, so that ranges are arithmetic. */
export interface IpNumber {
  readonly family: 4 | 6;
  readonly value: bigint;
}

const BITS = { 4: 32, 6: 128 } as const;

/** The family of an address; `undefined`: it is none. */
export function familyOf(address: string): 4 | 6 | undefined {
  const family = isIP(address);
  return family === 4 || family === 6 ? family : undefined;
}

/** @returns `undefined` for text that is no address, and for an IPv6 address with a zone, which means another one on each link. */
export function parseIp(text: string): IpNumber | undefined {
  const family = familyOf(text);
  if (family === undefined || text.includes("%")) return undefined;
  return { family, value: family === 4 ? joined(text.split(".").map(Number), 8n) : joined(groupsOf(text), 16n) };
}

/**
 * Reads `10.0.0.0/8` or `fd00::/8` (RFC 4632 section 3.1, RFC 4291 section 2.3).
 *
 * @returns `undefined` for anything else, such as a range with bits set behind its prefix: which range is meant is then a guess.
 */
export function parseCidr(text: string): Cidr | undefined {
  const match = /^([^/]+)\/(0|[1-9]\d{0,2})$/.exec(text);
  const ip = parseIp(match?.[1] ?? "");
  const prefix = Number(match?.[2]);
  if (ip === undefined || !(prefix <= BITS[ip.family])) return undefined;
  const hosts = (1n << BigInt(BITS[ip.family] - prefix)) - 1n;
  return (ip.value & hosts) === 0n ? { family: ip.family, network: ip.value, last: ip.value | hosts, prefix } : undefined;
}

/** Whether an address is in a range. */
export const contains = (cidr: Cidr, { family, value }: IpNumber): boolean =>
  family === cidr.family && value >= cidr.network && value <= cidr.last;

/** Whether all of one range is in another. */
export const liesInside = (inner: Cidr, outer: Cidr): boolean =>
  inner.prefix >= outer.prefix && contains(outer, { family: inner.family, value: inner.network });

const joined = (parts: readonly number[], bits: bigint): bigint => parts.reduce((sum, part) => (sum << bits) | BigInt(part), 0n);

/** The eight groups of an IPv6 address, whichever of its forms it is written in (RFC 4291 section 2.2). */
function groupsOf(text: string): readonly number[] {
  // An address that ends in IPv4's form: its last four bytes are two groups.
  const plain = text.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...bytes: string[]) => {
    const [a = 0, b = 0, c = 0, d = 0] = bytes.slice(0, 4).map(Number);
    return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  });
  const [start = [], end = []] = plain.split("::").map((half) =>
    half
      .split(":")
      .filter((group) => group !== "")
      .map((group) => Number.parseInt(group, 16)),
  );
  return [...start, ...Array.from({ length: 8 - start.length - end.length }, () => 0), ...end];
}
