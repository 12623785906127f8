import assert from "node:assert/strict";
import { BlockList } from "node:net";
import { test } from "node:test";
import fc from "fast-check";
import { contains, parseCidr, parseIp } from "../../src/domain/cidr.ts";

test("one IPv6 address is one number, whichever way it is written", () => {
  const forms = ["2001:db8::10.0.0.1", "2001:DB8::a00:1", "2001:db8:0:0:0:0:a00:1", "2001:0db8::0a00:0001"];
  for (const form of forms) assert.deepEqual(parseIp(form), { family: 6, value: 0x20010db800000000000000000a000001n }, form);
  assert.deepEqual(parseIp("::"), { family: 6, value: 0n });
  assert.deepEqual(parseIp("1::"), { family: 6, value: 1n << 112n });
  assert.deepEqual(parseIp("10.0.0.1"), { family: 4, value: 0x0a000001n });
});

test("a range is an address without bits behind its prefix", () => {
  assert.deepEqual(parseCidr("10.1.0.0/16"), { family: 4, network: 0x0a010000n, last: 0x0a01ffffn, prefix: 16 });
  assert.deepEqual(parseCidr("0.0.0.0/0"), { family: 4, network: 0n, last: 0xffffffffn, prefix: 0 });
  assert.deepEqual(parseCidr("2600:1f18::/32"), {
    family: 6,
    network: 0x26001f18n << 96n,
    last: 0x26001f18ffffffffffffffffffffffffn,
    prefix: 32,
  });
  for (const text of [
    "",
    "10.1.0.0",
    "10.1.2.3/16",
    "10.0.0.0/33",
    "10.0.0.0/08",
    "10.0.0.0/-1",
    "10.0.0.0/8/8",
    "/8",
    "10.0.0.0/",
    "10.0.0.0/ 8",
    "fd00::1/64",
    "fd00::/129",
    "fe80::%eth0/64",
    "example.com/8",
  ]) {
    assert.equal(parseCidr(text), undefined, text);
  }
});

test("an address is in a range exactly when Node's own list says so", () => {
  const addresses = [
    { family: "ipv4", bits: 32, address: fc.ipV4() },
    { family: "ipv6", bits: 128, address: fc.ipV6() },
  ] as const;
  for (const { family, bits, address } of addresses) {
    // Pairs that differ in a few low bits only meet often enough in one range.
    const cases = fc.record({ address, prefix: fc.integer({ min: 1, max: bits }), flip: fc.integer({ min: 0, max: bits - 1 }) });
    fc.assert(
      fc.property(cases, ({ address, prefix, flip }) => {
        const ip = parseIp(address);
        assert.ok(ip !== undefined);
        const list = new BlockList();
        list.addSubnet(address, prefix, family);
        const drop = BigInt(bits - prefix);
        const range = parseCidr(`${textOf((ip.value >> drop) << drop, bits)}/${prefix}`);
        assert.ok(range !== undefined);
        const other = { family: ip.family, value: ip.value ^ (1n << BigInt(flip)) };
        assert.equal(contains(range, ip), true);
        assert.equal(contains(range, other), list.check(textOf(other.value, bits), family), `${address}/${prefix}, bit ${flip}`);
      }),
    );
  }
});

function textOf(value: bigint, bits: 32 | 128): string {
  const width = bits === 32 ? 8n : 16n;
  const parts = Array.from({ length: bits === 32 ? 4 : 8 }, (_, i) => (value >> (BigInt(i) * width)) & ((1n << width) - 1n));
  return parts
    .toReversed()
    .map((part) => part.toString(bits === 32 ? 10 : 16))
    .join(bits === 32 ? "." : ":");
}
