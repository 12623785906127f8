import assert from "node:assert/strict";
import { test } from "node:test";
import { isPrivateAddress } from "../../src/domain/address.ts";

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
];

const REFUSED: Readonly<Record<string, readonly string[]>> = {
  loopback: ["127.0.0.1", "127.9.9.9", "::1"],
  "link-local, the instance metadata service": ["169.254.169.254", "169.254.170.2", "fe80::1", "fe80::1%eth0"],
  "the metadata service's unique local address": ["fd00:ec2::254", "fd00:0ec2:0:0::254", "fd00:ec2::254%eth0"],
  public: ["8.8.8.8", "172.15.0.1", "172.32.0.1", "100.63.0.1", "100.128.0.1", "11.0.0.1", "2600::1"],
  "unspecified, multicast and broadcast": ["0.0.0.0", "::", "224.0.0.1", "255.255.255.255", "ff02::1"],
  "IPv4 in IPv6": ["::ffff:10.0.0.1", "::ffff:127.0.0.1", "0:0:0:0:0:ffff:a00:1", "::FFFF:169.254.169.254"],
  "no address": ["", "10.0.0", "10.0.0.1.", "0x0a000001", "10.0.0.1:80", "localhost", "010.0.0.1"],
};

test("private addresses are RFC 1918, RFC 6598 and RFC 4193", () => {
  for (const address of PRIVATE) assert.equal(isPrivateAddress(address), true, address);
});

for (const [kind, addresses] of Object.entries(REFUSED)) {
  test(`never probed: ${kind}`, () => {
    for (const address of addresses) assert.equal(isPrivateAddress(address), false, address);
  });
}
