import { type Cidr, contains, liesInside, parseCidr, parseIp } from "./cidr.ts";

/** An address as the host of a URL or before a port (RFC 3986 section 3.2.2): an IPv6 address gets brackets; a name stays as it is. */
export const bracketed = (host: string): string => (host.includes(":") ? `[${host}]` : host);

/** Whether an address may be probed at all. */
export type AddressPolicy = (address: string) => boolean;

/** The ranges that an internal NLB can have addresses in: RFC 1918, RFC 6598 (shared), RFC 4193 (unique local). */
const PRIVATE = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"].map(known);

/**
 * What is never probed, whatever the operator allows: who can write a Service's status, or the DNS records behind it, must not
 * be able to aim the agents at their own node or at the cloud's own services.
 *
 * @see AWS, EC2 user guide, "Access instance metadata for an EC2 instance": fd00:ec2::/32 is link-local in all but name.
 * @see RFC 4291 section 2.5.5.2 (IPv4-mapped: an IPv4 address dressed up as IPv6), RFC 6890 (the others).
 */
const NEVER: readonly { readonly what: string; readonly text: string; readonly range: Cidr }[] = [
  { what: "this network", text: "0.0.0.0/8" },
  { what: "loopback", text: "127.0.0.0/8" },
  { what: "link-local", text: "169.254.0.0/16" },
  { what: "multicast, reserved and broadcast", text: "224.0.0.0/3" },
  { what: "unspecified and loopback", text: "::/127" },
  { what: "IPv4-mapped", text: "::ffff:0:0/96" },
  { what: "link-local", text: "fe80::/10" },
  { what: "multicast", text: "ff00::/8" },
  { what: "services of AWS", text: "fd00:ec2::/32" },
].map((entry) => ({ ...entry, range: known(entry.text) }));

/**
 * Private addresses and those in the allowed ranges may be probed; text that is no address may not.
 *
 * @param allowed - Ranges that count as private besides the built-in ones. What is never probed stays so, inside them, too.
 */
export function addressPolicy(allowed: readonly Cidr[]): AddressPolicy {
  const ranges = [...PRIVATE, ...allowed];
  return (address) => {
    const ip = parseIp(address);
    if (ip === undefined || NEVER.some(({ range }) => contains(range, ip))) return false;
    return ranges.some((range) => contains(range, ip));
  };
}

/** Of ranges that cannot be allowed: the range of which it is a part, for people. @returns `undefined`: it can. */
export function neverProbed(cidr: Cidr): string | undefined {
  const found = NEVER.find(({ range }) => liesInside(cidr, range));
  return found === undefined ? undefined : `${found.text} (${found.what})`;
}

function known(text: string): Cidr {
  const cidr = parseCidr(text);
  if (cidr === undefined) throw new Error(`${text}: expected a range`);
  return cidr;
}
