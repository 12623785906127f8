/** Values that fuzzing found to be taken for something else, or to end the program. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { duration, Expected, listenAddress, path } from "../../src/config/parsers.ts";
import { hostPorts, moment } from "../../src/config/verify-definitions.ts";

const refuses = (parse: (text: string) => unknown, ...texts: readonly string[]): void => {
  for (const text of texts) assert.throws(() => parse(text), Expected, text.slice(0, 50));
};

test("a duration of a hundred thousand digits is refused at once", () => {
  const parse = duration({ minMs: 0, maxMs: 1e9, why: "" });
  const startedMs = performance.now();
  refuses(parse, "9".repeat(100_000), "1s".repeat(50_000));
  assert.ok(performance.now() - startedMs < 500);
});

test("addresses of agents are a host and a port, and nothing that a URL would make them of", () => {
  refuses(hostPorts, "a\\b:80", "10.0\n.0.1:80", "10.0.0.1\t:80", "a%2fb:80", "1.2:80", "a:0", "[::1%eth0]:80", "a:80,");
  assert.deepEqual(hostPorts("10.0.1.5:9867, [fd00::1]:80,agent-1.agents:9867"), [
    "10.0.1.5:9867",
    "[fd00::1]:80",
    "agent-1.agents:9867",
  ]);
});

test("a listen address is of an IPv6 address in brackets, or of a name", () => {
  refuses(listenAddress, "[x]:80", "[10.0.0.1]:80", "a\u0001b:80", "a/b:80");
  assert.deepEqual(listenAddress("[::1]:80"), { host: "::1", port: 80 });
  assert.deepEqual(listenAddress("localhost:80"), { host: "localhost", port: 80 });
});

test("a day that the calendar does not have is no moment", () => {
  refuses(moment, "2026-02-31T10:00:00Z", "2026-04-31T10:00:00+02:00", "2026-11-24T24:00:01Z");
  assert.deepEqual(moment("2028-02-29T10:00:00+02:00"), { kind: "at", ms: Date.UTC(2028, 1, 29, 8) });
});

test("a path has no line separators", () => refuses(path, "a\u2028b", "a\u2029"));
