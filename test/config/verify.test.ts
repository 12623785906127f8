import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigError, loadVerifySettings } from "../../src/config/load.ts";
import { Expected } from "../../src/config/parsers.ts";
import { agentsAt, httpUrl, moment } from "../../src/config/verify-definitions.ts";

const load = (...argv: readonly string[]) => loadVerifySettings({ argv, env: {}, readFile: () => "" });
const problemsOf = (...argv: readonly string[]): readonly string[] => {
  try {
    load(...argv);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
};

test("a Service and where to read are all that it takes", () => {
  const settings = load("shop/web", "--prometheus", "http://localhost:9090");
  assert.deepEqual(settings.service, { namespace: "shop", name: "web" });
  assert.equal(settings.prometheus, "http://localhost:9090/");
  assert.deepEqual([settings.before, settings.after, settings.settle, settings.watch], [3_600_000, undefined, 120_000, false]);
  assert.deepEqual(load("shop/gateway/edge", "--agents", "10.0.0.1:9867,10.0.0.2:9867").agents, {
    kind: "addresses",
    addresses: ["10.0.0.1:9867", "10.0.0.2:9867"],
  });
  const { agents, kubeconfig, context } = load("shop/web", "--agents", "probes", "--kubeconfig", "k", "--context", "c");
  assert.deepEqual([agents, kubeconfig, context], [{ kind: "namespace", namespace: "probes" }, "k", "c"]);
});

test("what is missing, and what does not go together, is said at once", () => {
  assert.deepEqual(problemsOf(), [
    "got no Service: expected NAMESPACE/SERVICE, such as shop/web, or --all",
    "--prometheus, --agents: got neither, expected one of them, such as --prometheus http://localhost:9090",
  ]);
  assert.deepEqual(problemsOf("shop/web:80", "--prometheus", "ftp://x"), [
    '--prometheus: got "ftp://x", expected a URL such as http://localhost:9090',
    '"shop/web:80": expected NAMESPACE/SERVICE, such as shop/web, or --all',
  ]);
  assert.deepEqual(problemsOf("shop/web", "--prometheus", "http://a", "--agents", "b:1", "--at", "1m ago"), [
    "--prometheus, --agents: got both, expected one of them",
    "--at: got it with --agents, expected it with --prometheus",
  ]);
  assert.deepEqual(problemsOf("shop/web", "--prometheus", "http://a", "--bearer-token-file", "b", "--basic-auth-file", "c"), [
    "--bearer-token-file, --basic-auth-file: got both, expected one of them",
  ]);
});

test("--all takes no Service beside it", () => {
  assert.equal(load("--all", "--prometheus", "http://a").service, undefined);
  assert.deepEqual(problemsOf("shop/web", "--all", "--prometheus", "http://a"), ['"shop/web": expected no Service beside --all']);
});

test("a kubeconfig goes with a namespace of agents, and with nothing else", () => {
  assert.deepEqual(problemsOf("shop/web", "--agents", "a:1", "--kubeconfig", "k", "--context", "c"), [
    "--kubeconfig: got it with the addresses of agents, expected it with --agents NAMESPACE",
    "--context: got it with the addresses of agents, expected it with --agents NAMESPACE",
  ]);
  assert.deepEqual(problemsOf("shop/web", "--prometheus", "http://a", "--context", "c"), [
    "--context: got it with --prometheus, expected it with --agents NAMESPACE",
  ]);
});

test("a kubeconfig that the agent is told by its variables is no mistake of whoever asks a Prometheus", () => {
  const env = { HAIRPIN_PROBE_KUBECONFIG: "k" };
  assert.doesNotThrow(() => loadVerifySettings({ argv: ["shop/web", "--prometheus", "http://a"], env, readFile: () => "" }));
});

test("a moment is a time by the calendar, or so long ago", () => {
  assert.deepEqual(moment("12m ago"), { kind: "ago", ms: 720_000 });
  assert.deepEqual(moment("1970-01-01T00:00:10Z"), { kind: "at", ms: 10_000 });
  assert.deepEqual(moment("1970-01-01T01:00:00.5+01:00"), { kind: "at", ms: 500 });
  for (const text of ["", "now", "12m", "ago", "2026-13-01T00:00:00Z", "2026-11-24", "-1m ago"])
    assert.throws(() => moment(text), Expected, text);
});

test("a URL holds no secret and ends with its path", () => {
  assert.equal(httpUrl("https://mimir.example/prometheus"), "https://mimir.example/prometheus");
  for (const text of ["localhost:9090", "http://", "http://user:secret@host", "http://host/?a=b", "http://host/#x"])
    assert.throws(() => httpUrl(text), Expected, text);
});

test("addresses of agents have a port; a name without one is their namespace", () => {
  assert.deepEqual(agentsAt("[fd00::1]:9867, a:1, a:1"), { kind: "addresses", addresses: ["[fd00::1]:9867", "a:1"] });
  assert.deepEqual(agentsAt("hairpin-probe"), { kind: "namespace", namespace: "hairpin-probe" });
  for (const text of ["", "A", "10.0.1.5", "a,b", "a:", "a:1,", "a:99999", "a/b:1", "u@a:1", "a/b", "-a"])
    assert.throws(() => agentsAt(text), Expected, text);
});
