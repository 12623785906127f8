import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  allowedCidrs,
  duration,
  Expected,
  formatDuration,
  httpPath,
  listenAddress,
  namespacedName,
} from "../../src/config/parsers.ts";

const anyDuration = duration({ minMs: 0, maxMs: Number.MAX_SAFE_INTEGER, why: "test" });

test("a duration is a sum of numbers with units", () => {
  assert.equal(anyDuration("500ms"), 500);
  assert.equal(anyDuration("1.5s"), 1_500);
  assert.equal(anyDuration("1h30m"), 5_400_000);
  for (const text of ["", "5", "s", "5 s", "-5s", "5y", "1s!", "1e3ms"]) assert.throws(() => anyDuration(text), Expected, text);
});

test("a duration that was formatted reads back as itself", () => {
  fc.assert(fc.property(fc.nat({ max: 10 * 3_600_000 }), (ms) => anyDuration(formatDuration(ms)) === ms));
});

test("a listen address is a port with or without a host, IPv6 in brackets", () => {
  assert.deepEqual(listenAddress(":9867"), { host: undefined, port: 9867 });
  assert.deepEqual(listenAddress("127.0.0.1:0"), { host: "127.0.0.1", port: 0 });
  assert.deepEqual(listenAddress("[::1]:80"), { host: "::1", port: 80 });
  assert.deepEqual(listenAddress("[10.0.1.5]:9867"), { host: "10.0.1.5", port: 9867 }, "a manifest need not know the family");
  for (const text of ["9867", "::1:80", ":65536", "a b:1", "", "[]:80", "[$(POD_IP)]:80", "[localhost]:80"])
    assert.throws(() => listenAddress(text), Expected, text);
});

test("a request path begins with a slash and has nothing in it that would end the request line", () => {
  assert.equal(httpPath("/healthz?x=1"), "/healthz?x=1");
  for (const text of ["", "healthz", "/a b", "/a\r\nHost: x", "/ü", "/a#b"]) assert.throws(() => httpPath(text), Expected, text);
});

test("a namespaced name is two DNS labels", () => {
  assert.deepEqual(namespacedName("shop/web"), { namespace: "shop", name: "web" });
  for (const text of ["web", "shop/web/x", "Shop/web", "shop/", "-a/b"])
    assert.throws(() => namespacedName(text), Expected, text);
});

test("allowed ranges are read with what surrounds them", () => {
  const ranges = allowedCidrs("198.18.0.0/15, 2600:1f18:1234::/56,203.0.113.7/32");
  assert.deepEqual(
    ranges.map(({ family, prefix }) => [family, prefix]),
    [
      [4, 15],
      [6, 56],
      [4, 32],
    ],
  );
});

const NO_RANGES: Readonly<Record<string, RegExp>> = {
  "": /^ranges with commas/,
  "198.18.0.0/15,": /^ranges with commas/,
  "198.18.0.0": /such as 198\.18\.0\.0\/15/,
  "198.18.0.1/15": /no bit set behind a prefix/,
  "0.0.0.0/0": /0\.0\.0\.0\/0 is a whole family/,
  "::/0": /::\/0 is a whole family/,
  "198.18.0.0/15,169.254.169.254/32": /169\.254\.169\.254\/32 is in 169\.254\.0\.0\/16 \(link-local\), which never is/,
  "127.0.0.0/8": /loopback/,
  "fd00:ec2::254/128": /AWS/,
};

for (const [text, expected] of Object.entries(NO_RANGES)) {
  test(`"${text}" cannot be allowed, and the sentence says why`, () => {
    assert.throws(
      () => allowedCidrs(text),
      (error) => error instanceof Expected && expected.test(error.message),
    );
  });
}
