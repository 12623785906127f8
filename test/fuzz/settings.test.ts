/** Settings: flags, variables and files of every command. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { AUDIT_DEFINITIONS } from "../../src/config/audit-definitions.ts";
import { CHECK_DEFINITIONS } from "../../src/config/check-definitions.ts";
import { type Definitions, flagOf, variableOf } from "../../src/config/definition.ts";
import { DEFINITIONS } from "../../src/config/definitions.ts";
import { ConfigError, loadAuditSettings, loadCheckSettings, loadSettings, loadVerifySettings } from "../../src/config/load.ts";
import { readValues } from "../../src/config/values.ts";
import { type AgentsAt, VERIFY_DEFINITIONS } from "../../src/config/verify-definitions.ts";
import { corpusTexts } from "./support/corpus.ts";
import { fuzz } from "./support/fuzz.ts";
import { hostileText, KIB_256 } from "./support/hostile.ts";
import { hostileYaml, YAML_WORDS } from "./support/hostile-yaml.ts";
import { mutatedText } from "./support/mutate.ts";
import { address, clean, complaint, oneOf, port } from "./support/wellformed.ts";

interface Given {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly file: string;
}

const sources = ({ argv, env, file }: Given) => ({ argv, env, readFile: () => file, hostname: "vm-1" });
const LOADERS: readonly ((given: Given) => object)[] = [
  (given) => loadSettings(sources(given)),
  (given) => loadAuditSettings(sources(given)),
  (given) => loadCheckSettings(sources(given)),
  (given) => loadVerifySettings(sources(given)),
];
const ALL: Definitions = { ...DEFINITIONS, ...AUDIT_DEFINITIONS, ...CHECK_DEFINITIONS, ...VERIFY_DEFINITIONS };
const KEYS = Object.keys(ALL);

/** Whatever a setting is called: numbers are numbers, texts are clean, ports are ports. */
function holds(what: string, value: unknown): void {
  if (typeof value === "number") assert.ok(Number.isFinite(value) && value >= 0, `${what}: ${value}, expected a number from 0`);
  else if (typeof value === "string") clean(what, value, 10_000);
  else if (typeof value === "object" && value !== null) {
    for (const [key, item] of Object.entries(value)) {
      holds(`${what}.${key}`, item);
      if (key === "port" && item !== undefined && what !== ".metricsAddress") port(what, item);
    }
  } else oneOf(what, typeof value, ["boolean", "undefined", "bigint"]);
}

function agentsHold(settings: object): void {
  const { agents } = settings as { readonly agents?: AgentsAt };
  if (agents?.kind === "namespace") assert.match(agents.namespace, /^[a-z0-9-]{1,63}$/);
  for (const each of agents?.kind === "addresses" ? agents.addresses : []) {
    const { hostname, pathname, username } = new URL(`http://${each}/metrics`);
    assert.deepEqual([pathname, username], ["/metrics", ""], `${each} is more than an address`);
    if (hostname.startsWith("[")) address("agent", hostname.slice(1, -1));
  }
}

function loadsOrRefuses(given: Given, isText: (problem: string) => boolean = () => false): void {
  for (const load of LOADERS) {
    try {
      const settings = load(given);
      holds("", settings);
      agentsHold(settings);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      assert.ok(error.problems.length > 0, "refused, and no problem said");
      // What YAML says of a text comes with the text around it.
      for (const problem of error.problems) if (!isText(problem)) complaint(problem);
    }
  }
}

/** Texts that are right for some setting, or nearly. */
const VALUES = [
  "10s",
  "1h30m",
  "0.5ms",
  "99999999999w",
  "9".repeat(400),
  "1.5h2",
  "2.10",
  "v1.34.2-eks.1",
  "1e3",
  "0x10",
  "010",
  "1_000",
  "true",
  "True",
  "null",
  "~",
  ":9867",
  "[::1]:0",
  "[x]:80",
  "127.0.0.1:99999",
  "10.0.0.0/8,fd00::/8",
  "203.0.113.0/24",
  "0.0.0.0/0",
  "shop/web",
  "shop/web:80",
  "gateway/edge",
  "shop/gateway/edge",
  "a/b/c",
  "http://localhost:9090/prometheus",
  "http://u:p@h",
  "file:///etc/passwd",
  "10.0.1.5:9867,[fd00::1]:9867",
  "a\\b:80",
  "a b:80",
  "2026-11-24T10:00:00Z",
  "2026-02-31T10:00:00Z",
  "12m ago",
  "internal",
  "ip",
  "text",
  "/path",
  "info",
  "capture",
  "-",
  "--",
  "--interval",
] as const;
const valueText = fc.oneof(
  { weight: 20, arbitrary: fc.constantFrom(...VALUES) },
  { weight: 10, arbitrary: hostileText },
  { weight: 10, arbitrary: mutatedText(VALUES, ["0", "9", ".", ":", "/", ",", "-", "s", "m", " "]) },
  { weight: 1, arbitrary: fc.constantFrom(KIB_256, "9".repeat(100_000), `${"1s".repeat(50_000)}`) },
);
const key = fc.constantFrom(...KEYS);
const argument = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(key, valueText).map(([name, text]) => [`--${flagOf(name)}=${text}`]) },
  { weight: 4, arbitrary: fc.tuple(key, valueText).map(([name, text]) => [`--${flagOf(name)}`, text]) },
  { weight: 2, arbitrary: valueText.map((text) => [text]) },
  { weight: 1, arbitrary: hostileText.map((text) => [`--${text}`]) },
  { weight: 1, arbitrary: hostileText.map((text) => [`-${text}`]) },
);
const variable = fc.tuple(
  fc.oneof(
    { weight: 6, arbitrary: key.map(variableOf) },
    { weight: 1, arbitrary: hostileText.map((text) => `HAIRPIN_PROBE_${text}`) },
  ),
  valueText,
);
/** Any other argument is one too many for most of them, so that a `verify` of agents would hardly ever be taken. */
const verifyOfAgents = valueText.map((text) => [["shop/web", `--agents=${text}`]]);
const surroundings = fc.constantFrom({}, { KUBECONFIG: "/k" }, { KUBERNETES_SERVICE_HOST: "10.100.0.1" });

fuzz(
  "flags and variables are settings, or problems in one line each",
  fc.record({
    argv: fc.oneof({ weight: 9, arbitrary: fc.array(argument, { maxLength: 5 }) }, { weight: 1, arbitrary: verifyOfAgents }),
    env: fc.array(variable, { maxLength: 3 }),
    surroundings,
  }),
  ({ argv, env, surroundings: around }) => {
    loadsOrRefuses({ argv: argv.flat(), env: { ...around, ...Object.fromEntries(env) }, file: "" });
  },
);

fuzz(
  "a configuration file is settings, or problems",
  fc.oneof(
    { weight: 6, arbitrary: mutatedText(corpusTexts("config.yaml"), [...YAML_WORDS, ...KEYS, ...VALUES]) },
    { weight: 1, arbitrary: hostileYaml("interval") },
  ),
  (file) => {
    const argv = ["--config", "agent.yaml"];
    loadsOrRefuses({ argv, env: { KUBECONFIG: "/k" }, file }, (problem) => problem.startsWith("agent.yaml: not YAML"));
  },
);

/** What a setting alone comes to: its value, or nothing where it is refused. */
function alone(name: string, given: Given): { readonly value: unknown } | undefined {
  const { values, problems } = readValues(ALL, { ...sources(given), ownsEnvironment: false });
  return problems.length > 0 ? undefined : { value: values[name] };
}

const NOTHING: Given = { argv: [], env: {}, file: "" };
const FILE = ["--config", "agent.yaml"];
/** Texts that YAML may take for a number, a boolean or nothing, and that stand without quotes. */
const PLAIN = /^[A-Za-z0-9~.+][\w.+-]*$/;

fuzz(
  "a setting means the same as a flag, as a variable and in the file",
  fc.record({ name: key.filter((each) => ALL[each]?.isSwitch !== true), text: valueText }),
  ({ name, text }) => {
    const asFlag = alone(name, { ...NOTHING, argv: [`--${flagOf(name)}=${text}`] });
    assert.deepEqual(alone(name, { ...NOTHING, env: { [variableOf(name)]: text } }), asFlag, "as a variable");
    const quoted = alone(name, { ...NOTHING, argv: FILE, file: `${name}: ${JSON.stringify(text)}\n` });
    // What is no character of YAML can be given in another way only.
    if (text.isWellFormed()) assert.deepEqual(quoted, asFlag, "in the file, quoted");
    const plain = PLAIN.test(text) ? alone(name, { ...NOTHING, argv: FILE, file: `${name}: ${text}\n` }) : undefined;
    if (plain !== undefined) assert.deepEqual(plain, asFlag, "in the file, as it is");
  },
);
