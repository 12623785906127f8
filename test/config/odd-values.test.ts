/** Values that fuzzing found to be taken for something else, or to end the program. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigError, loadSettings, loadVerifySettings } from "../../src/config/load.ts";
import { duration, Expected, listenAddress, path } from "../../src/config/parsers.ts";
import { agentsAt, moment } from "../../src/config/verify-definitions.ts";
import { processorMs } from "../support/processor-time.ts";

const ENV = { KUBECONFIG: "/home/me/.kube/config" };
const ofFile = (file: string) =>
  loadSettings({ argv: ["--config", "agent.yaml"], env: ENV, readFile: () => file, hostname: "vm-1" });

function problems(load: () => unknown): readonly string[] {
  try {
    load();
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.problems;
  }
  return assert.fail("expected problems");
}

test("a version in a file is what is written there, and not the number that YAML takes it for", () => {
  assert.deepEqual(ofFile("lbcVersion: 2.10").lbcVersion, { major: 2, minor: 10, patch: 0 });
  assert.deepEqual(ofFile("ccmVersion: &v 1.30\nlbcVersion: *v").lbcVersion, { major: 1, minor: 30, patch: 0 });
});

test("a value in a file means what it means as a flag", () => {
  assert.equal(ofFile("nodeName: 0x10").nodeName, "0x10");
  assert.match(
    problems(() => ofFile("maxInFlight: 0x10"))[0] ?? "",
    /^maxInFlight in agent\.yaml: got "0x10", expected a whole number/,
  );
  assert.match(
    problems(() => ofFile("tlsVerify: True"))[0] ?? "",
    /^tlsVerify in agent\.yaml: got "True", expected true or false/,
  );
});

test("aliases that multiply in a configuration file are a problem of the file", () => {
  const levels = ["x", "*a", "*b", "*c"].map((item, i) => `${"abcd"[i]}: &${"abcd"[i]} [${Array(10).fill(item).join(", ")}]`);
  const [problem, ...others] = problems(() => ofFile(levels.join("\n")));
  assert.match(problem ?? "", /^agent\.yaml: not usable YAML: Excessive alias count/);
  assert.deepEqual(others, []);
});

test("a value that contains itself is a problem like any other that is no single value", () => {
  assert.deepEqual(
    problems(() => ofFile("interval: &a [*a]")),
    ["interval in agent.yaml: got a list, expected a single value"],
  );
});

test("what is said of a name that is not known stays on one line", () => {
  const readFile = () => '"a\\nb\\u009b": 1';
  const env = { ...ENV, "HAIRPIN_PROBE_A\u001b[31m": "1" };
  const said = problems(() => loadSettings({ argv: ["--x\ny", "z\u2028", "--config", "f\n"], env, readFile, hostname: "vm-1" }));
  assert.equal(said.length, 3, said.join());
  for (const problem of said) assert.doesNotMatch(problem, /[\p{Cc}\u2028]/u);
  const verify = problems(() => loadVerifySettings({ argv: ["z\u009b"], env, readFile }));
  for (const problem of verify) assert.doesNotMatch(problem, /\p{Cc}/u);
});

const refuses = (parse: (text: string) => unknown, ...texts: readonly string[]): void => {
  for (const text of texts) assert.throws(() => parse(text), Expected, text.slice(0, 50));
};

test("a duration of a hundred thousand digits is refused at once", () => {
  const parse = duration({ minMs: 0, maxMs: 1e9, why: "" });
  // To look at each digit for each other one takes a hundred times that.
  const ms = processorMs(() => refuses(parse, "9".repeat(100_000), "1s".repeat(50_000)));
  assert.ok(ms < 2_000, `${ms} ms`);
});

test("addresses of agents are a host and a port, and nothing that a URL would make them of", () => {
  refuses(agentsAt, "a\\b:80", "10.0\n.0.1:80", "10.0.0.1\t:80", "a%2fb:80", "1.2:80", "a:0", "[::1%eth0]:80", "a:80,");
  assert.deepEqual(agentsAt("10.0.1.5:9867, [fd00::1]:80,agent-1.agents:9867"), {
    kind: "addresses",
    addresses: ["10.0.1.5:9867", "[fd00::1]:80", "agent-1.agents:9867"],
  });
});

test("a listen address is of an IP address, in brackets for IPv6, or of a name", () => {
  refuses(listenAddress, "[x]:80", "a\u0001b:80", "a/b:80");
  assert.deepEqual(listenAddress("[::1]:80"), { host: "::1", port: 80 });
  assert.deepEqual(listenAddress("localhost:80"), { host: "localhost", port: 80 });
});

test("a day that the calendar does not have is no moment", () => {
  refuses(moment, "2026-02-31T10:00:00Z", "2026-04-31T10:00:00+02:00", "2026-11-24T24:00:01Z");
  assert.deepEqual(moment("2028-02-29T10:00:00+02:00"), { kind: "at", ms: Date.UTC(2028, 1, 29, 8) });
});

test("a path has no line separators", () => refuses(path, "a\u2028b", "a\u2029"));
