import { BlockList, isIP } from "node:net";

/** The ranges that an internal NLB can have addresses in: RFC 1918, RFC 6598 (shared), RFC 4193 (unique local). */
const PRIVATE = new BlockList();
PRIVATE.addSubnet("10.0.0.0", 8, "ipv4");
PRIVATE.addSubnet("172.16.0.0", 12, "ipv4");
PRIVATE.addSubnet("192.168.0.0", 16, "ipv4");
PRIVATE.addSubnet("100.64.0.0", 10, "ipv4");
PRIVATE.addSubnet("fc00::", 7, "ipv6");

/**
 * AWS keeps the instance metadata service (::254), its resolver and its clock at unique local addresses: fd00:ec2::/32.
 *
 * @see AWS, EC2 user guide, "Access instance metadata for an EC2 instance".
 */
const AWS_SERVICES = new BlockList();
AWS_SERVICES.addSubnet("fd00:ec2::", 32, "ipv6");

/**
 * Whether an address may be probed at all.
 *
 * Loopback, link-local (the instance metadata service), multicast and public addresses may not; neither may text that is no
 * address, an IPv6 address with a zone, or an IPv4 address dressed up as IPv6 (RFC 4291 section 2.5.5.2).
 */
export function isPrivateAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 0 || address.includes("%")) return false;
  if (family === 6 && /^[0:]*:ffff:/i.test(address)) return false;
  const version = family === 4 ? "ipv4" : "ipv6";
  return PRIVATE.check(address, version) && !AWS_SERVICES.check(address, version);
}
