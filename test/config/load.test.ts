import assert from "node:assert/strict";
import { test } from "node:test";
import { flagOf, variableOf } from "../../src/config/definition.ts";
import { DEFINITIONS, SETTING_KEYS } from "../../src/config/definitions.ts";
import { renderSettingsHelp } from "../../src/config/help.ts";
import { ConfigError, type ConfigSources, loadCheckSettings, loadSettings } from "../../src/config/load.ts";

const sources = (given: Partial<ConfigSources> = {}): ConfigSources => ({
  argv: [],
  env: { KUBECONFIG: "/home/me/.kube/config" },
  readFile: (path) => {
    throw new Error(`ENOENT: ${path}`);
  },
  hostname: "vm-1",
  ...given,
});

const problemsOf = (given: Partial<ConfigSources>): readonly string[] => {
  try {
    loadSettings(sources(given));
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.problems;
  }
  return [];
};

test("without anything given the defaults hold: 10 s, 3 s, :9867, the host's name", () => {
  const settings = loadSettings(sources());
  assert.equal(settings.interval, 10_000);
  assert.equal(settings.timeout, 3_000);
  assert.deepEqual(settings.metricsAddress, { host: undefined, port: 9867 });
  assert.equal(settings.nodeName, "vm-1");
  assert.equal(settings.tlsVerify, false);
  assert.ok(Object.isFrozen(settings));
});

test("a flag beats the environment, which beats the file, which beats the default", () => {
  const file = "interval: 1s\ntimeout: 5s\nmaxInFlight: 7\nlogLevel: warn\n";
  const settings = loadSettings(
    sources({
      argv: ["--config", "agent.yaml", "--interval", "4s"],
      env: { KUBECONFIG: "x", HAIRPIN_PROBE_INTERVAL: "3s", HAIRPIN_PROBE_TIMEOUT: "2s" },
      readFile: (path) => (path === "agent.yaml" ? file : ""),
    }),
  );
  assert.deepEqual(
    [settings.interval, settings.timeout, settings.maxInFlight, settings.logLevel, settings.httpPath],
    [4_000, 2_000, 7, "warn", "/"],
  );
});

test("every problem is reported together, with the setting's name, what was given and what is expected", () => {
  const problems = problemsOf({
    argv: ["--timeout=1s", "--interval", "ten", "--config=agent.yaml", "surplus"],
    env: { HAIRPIN_PROBE_MAX_IN_FLIGHT: "0" },
    readFile: () => "tlsVerify: maybe\nlogLevel: [info]\n",
  });
  assert.deepEqual(problems.toSorted(), [
    '"surplus": expected no argument here, only flags',
    '--interval: got "ten", expected a number with a unit (ms, s, m, h, d, w), such as 500ms, 10s or 1h30m',
    "--kubeconfig, --frontends: got neither, expected one of them outside a cluster, or the variable KUBECONFIG",
    '--timeout: got "1s", expected 1100ms to 1m (a lost SYN is sent again after 1 s, and must not look like a timeout)',
    'HAIRPIN_PROBE_MAX_IN_FLIGHT: got "0", expected a whole number from 1 to 20000',
    "logLevel in agent.yaml: got a list, expected a single value",
    'tlsVerify in agent.yaml: got "maybe", expected true or false',
  ]);
});

test("unknown flags, variables and keys are refused, with the nearest known name", () => {
  const problems = problemsOf({
    argv: ["--intervall", "5s", "--config", "f"],
    env: { KUBECONFIG: "x", HAIRPIN_PROBE_TIMEOUTS: "5s", HAIRPIN_PROBE_SOMETHING_ELSE: "1" },
    readFile: () => "intervall: 5s\n__proto__: 1\n",
  });
  assert.deepEqual(problems, [
    "--intervall: unknown flag (did you mean --interval?)",
    "HAIRPIN_PROBE_TIMEOUTS: unknown environment variable (did you mean HAIRPIN_PROBE_TIMEOUT?)",
    "HAIRPIN_PROBE_SOMETHING_ELSE: unknown environment variable",
    "intervall in f: unknown setting (did you mean interval?)",
    "__proto__ in f: unknown setting",
  ]);
});

test("TLS takes a certificate and its key, and clients are asked for theirs in TLS only", () => {
  const [cert, key, ca] = ["--metrics-tls-cert-file=a", "--metrics-tls-key-file=b", "--metrics-client-ca-file=c"] as const;
  assert.deepEqual(problemsOf({ argv: [cert, key, ca] }), []);
  assert.deepEqual(problemsOf({ argv: [cert, key] }), []);
  assert.deepEqual(problemsOf({ argv: [cert, ca] }), [
    "--metrics-tls-key-file: got nothing, expected a file beside --metrics-tls-cert-file",
  ]);
  assert.deepEqual(problemsOf({ argv: [key] }), [
    "--metrics-tls-cert-file: got nothing, expected a file beside --metrics-tls-key-file",
  ]);
  assert.deepEqual(problemsOf({ argv: [ca] }), [
    "--metrics-tls-cert-file: got nothing, expected a file beside --metrics-client-ca-file",
  ]);
});

test("what Kubernetes writes into a container for a Service named hairpin-probe is no setting", () => {
  const links = {
    HAIRPIN_PROBE_SERVICE_HOST: "10.0.0.1",
    HAIRPIN_PROBE_SERVICE_PORT: "9867",
    HAIRPIN_PROBE_SERVICE_PORT_METRICS: "9867",
    HAIRPIN_PROBE_PORT: "tcp://10.0.0.1:9867",
    HAIRPIN_PROBE_PORT_9867_TCP_ADDR: "10.0.0.1",
  };
  assert.deepEqual(problemsOf({ env: { ...links, KUBECONFIG: "x" } }), []);
});

test("in a cluster the node's name must be given: a pod's host name is not it", () => {
  const [problem] = problemsOf({ env: { KUBERNETES_SERVICE_HOST: "172.20.0.1" } });
  assert.match(problem ?? "", /HAIRPIN_PROBE_NODE_NAME: got nothing, expected the node's name/);
  const settings = loadSettings(sources({ env: { KUBERNETES_SERVICE_HOST: "x", HAIRPIN_PROBE_NODE_NAME: "ip-10-0-0-1" } }));
  assert.equal(settings.nodeName, "ip-10-0-0-1");
});

test("a file that cannot be read, is no YAML or no mapping is a problem with the file's name", () => {
  const argv = ["--config", "f.yaml"];
  assert.match(problemsOf({ argv })[0] ?? "", /--config: cannot read f\.yaml: ENOENT/);
  assert.match(problemsOf({ argv, readFile: () => "a: [" })[0] ?? "", /f\.yaml: not YAML: .* at line 1/);
  assert.match(problemsOf({ argv, readFile: () => "- a" })[0] ?? "", /f\.yaml: got a list, expected a mapping of settings/);
  assert.deepEqual(problemsOf({ argv, readFile: () => "" }), []);
});

test("a flag without its value is a problem, not a default", () => {
  assert.deepEqual(problemsOf({ argv: ["--interval"] }), ["--interval: got nothing, expected a value"]);
});

test("the help names every setting with its flag, its variable and its default", () => {
  const help = renderSettingsHelp(DEFINITIONS);
  const unwrapped = help.replaceAll(/\s+/g, " ");
  for (const key of SETTING_KEYS) {
    assert.ok(help.includes(`--${flagOf(key)} `), key);
    assert.ok(help.includes(`[${variableOf(key)}]`), key);
    const definition: { default?: string } = DEFINITIONS[key];
    if (definition.default !== undefined) assert.ok(unwrapped.includes(`Default: ${definition.default}.`), key);
  }
  for (const line of help.split("\n")) assert.ok(line.length <= 100, line);
});

test("check takes one argument, the agent's own variables and keys, and says what is wrong with all of them", () => {
  const load = (argv: readonly string[], env: Record<string, string> = {}, file = "") =>
    loadCheckSettings({ argv, env, readFile: () => file, hostname: "laptop" });
  const { target, attempts, timeout, nodeName, isNodeNameGiven } = load(["shop/web:443", "-n", "50"], {
    HAIRPIN_PROBE_TIMEOUT: "2s",
  });
  assert.deepEqual(
    { target, attempts, timeout, nodeName, isNodeNameGiven },
    {
      target: { kind: "service", namespace: "shop", name: "web", port: 443 },
      attempts: 50,
      timeout: 2_000,
      nodeName: "laptop",
      isNodeNameGiven: false,
    },
  );
  // Beside the agent, whose settings are no mistakes of the caller's.
  const beside = { HAIRPIN_PROBE_CONFIG: "agent.yaml", HAIRPIN_PROBE_INTERVAL: "5s", HAIRPIN_PROBE_NODE_NAME: "n1" };
  assert.equal(load(["a/b"], beside, "interval: 10s\nevidence: off\n").evidence, "off");
  assert.equal(load(["a/b"], beside).isNodeNameGiven, true);
  const problems = (argv: readonly string[], file = "") => {
    try {
      load(argv, { HAIRPIN_PROBE_CONFIG: "agent.yaml" }, file);
      return [];
    } catch (error) {
      assert.ok(error instanceof ConfigError);
      return error.problems;
    }
  };
  assert.match(problems([])[0] ?? "", /^got nothing to check, expected NAMESPACE\/SERVICE/);
  assert.deepEqual(problems(["a/b", "c/d"]), ['"c/d": expected no more arguments here, only flags']);
  assert.equal(problems(["web", "--rate", "0"], "nonsense: 1").length, 3);
});
