import assert from "node:assert/strict";
import { test } from "node:test";
import { addressPolicy, neverProbed } from "../../src/domain/address.ts";
import { type Cidr, parseCidr } from "../../src/domain/cidr.ts";

const range = (text: string): Cidr => parseCidr(text) ?? assert.fail(`${text} is no range`);
const allowing = (...ranges: readonly string[]) => addressPolicy(ranges.map(range));

const PRIVATE = [
  "10.0.0.1",
  "10.255.255.255",
  "172.16.0.1",
  "172.31.255.254",
  "192.168.1.1",
  "100.64.0.1",
  "100.127.0.1",
  "fd00::1",
  "fc00::",
  "fd00:ec1:ffff::1",
  "fd00:ec3::",
];

const NEVER: Readonly<Record<string, readonly string[]>> = {
  loopback: ["127.0.0.1", "127.9.9.9", "::1"],
  "link-local, the instance metadata service": ["169.254.169.254", "169.254.170.2", "fe80::1", "febf::1", "fe80::1%eth0"],
  "the metadata service's unique local address": ["fd00:ec2::254", "fd00:0ec2:0:0::254", "FD00:EC2::254", "fd00:ec2::254%eth0"],
  "unspecified, this network": ["0.0.0.0", "0.1.2.3", "::"],
  "multicast, reserved and broadcast": ["224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "ff02::1"],
  "IPv4 in IPv6": ["::ffff:10.0.0.1", "::ffff:127.0.0.1", "0:0:0:0:0:ffff:a00:1", "::FFFF:169.254.169.254"],
  "no address": ["", "10.0.0", "10.0.0.1.", "0x0a000001", "10.0.0.1:80", "localhost", "010.0.0.1", "10.0.0.0/8"],
};

const PUBLIC = ["8.8.8.8", "172.15.0.1", "172.32.0.1", "100.63.0.1", "100.128.0.1", "11.0.0.1", "2600::1"];

test("private addresses are RFC 1918, RFC 6598 and RFC 4193, and no others", () => {
  const isProbed = addressPolicy([]);
  for (const address of PRIVATE) assert.equal(isProbed(address), true, address);
  for (const address of PUBLIC) assert.equal(isProbed(address), false, address);
});

for (const [kind, addresses] of Object.entries(NEVER)) {
  test(`never probed, even where the widest ranges there are were allowed: ${kind}`, () => {
    const widest = allowing("0.0.0.0/1", "128.0.0.0/1", "::/1", "8000::/1");
    for (const address of addresses) assert.equal(addressPolicy([])(address), false, address);
    for (const address of addresses) assert.equal(widest(address), false, address);
    for (const address of [...PRIVATE, ...PUBLIC]) assert.equal(widest(address), true, address);
  });
}

test("what is allowed counts as private, to its last address and no further", () => {
  const isProbed = allowing("198.18.0.0/15", "203.0.113.7/32", "2600:1f18:1234::/56");
  for (const address of ["198.18.0.0", "198.19.255.255", "203.0.113.7", "2600:1f18:1234:ff:ffff::", "10.0.0.1", "fd00::1"])
    assert.equal(isProbed(address), true, address);
  for (const address of ["198.17.255.255", "198.20.0.0", "203.0.113.6", "203.0.113.8", "2600:1f18:1234:100::", "198.18.0.1 "])
    assert.equal(isProbed(address), false, address);
});

test("a range inside what is never probed cannot be allowed, one around it can", () => {
  const inside: Readonly<Record<string, RegExp>> = {
    "169.254.169.254/32": /^169\.254\.0\.0\/16 \(link-local\)$/,
    "169.254.0.0/16": /link-local/,
    "127.0.0.0/8": /loopback/,
    "0.0.0.0/32": /this network/,
    "240.0.0.0/4": /reserved/,
    "224.0.0.0/3": /multicast/,
    "255.255.255.255/32": /broadcast/,
    "::/128": /unspecified/,
    "::1/128": /loopback/,
    "fe80::/64": /link-local/,
    "ff02::/16": /multicast/,
    "fd00:ec2::254/128": /AWS/,
    "::ffff:10.0.0.0/104": /IPv4-mapped/,
  };
  for (const [text, expected] of Object.entries(inside)) assert.match(neverProbed(range(text)) ?? "", expected, text);
  for (const text of ["126.0.0.0/7", "169.254.0.0/15", "fd00::/8", "::/1", "192.0.0.0/2", "203.0.113.0/24", "::/96"])
    assert.equal(neverProbed(range(text)), undefined, text);
});
