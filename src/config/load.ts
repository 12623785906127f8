import { AUDIT_DEFINITIONS, type AuditSettings } from "./audit-definitions.ts";
import { CHECK_DEFINITIONS, type CheckSettings } from "./check-definitions.ts";
import { checkTarget, TARGET_FORMS } from "./check-target.ts";
import { flagOf, variableOf } from "./definition.ts";
import { DEFINITIONS, SETTING_KEYS, type SettingKey, type Settings } from "./definitions.ts";
import { Expected } from "./parsers.ts";
import { quoted } from "./said.ts";
import { readValues, type ValueSources } from "./values.ts";
import { type AgentsAt, OF_NAMESPACE, OF_PROMETHEUS, VERIFY_DEFINITIONS, type VerifySettings } from "./verify-definitions.ts";

/** Every problem of a configuration at once: one sentence each, with the setting, what was given and what was expected. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(problems.join("\n"));
    this.problems = problems;
  }
}

/**
 * The settings of `audit`. It runs on laptops and in pods where the agent's variables may be set: those are not its matter.
 *
 * @throws ConfigError with every problem there is.
 */
export function loadAuditSettings(sources: Omit<ValueSources, "ownsEnvironment">): AuditSettings {
  const { values, problems } = readValues(AUDIT_DEFINITIONS, { ...sources, ...BESIDE_THE_AGENT });
  if (problems.length > 0) throw new ConfigError(problems);
  return Object.freeze(values) as unknown as AuditSettings;
}

/** A command that runs where the agent's variables and file may be. */
const BESIDE_THE_AGENT = { ownsEnvironment: false, foreignKeys: SETTING_KEYS } as const;

/**
 * The settings of `check`, and what it is to check.
 *
 * @throws ConfigError with every problem there is.
 */
export function loadCheckSettings(sources: ConfigSources): CheckSettings {
  const { values, args, problems } = readValues(CHECK_DEFINITIONS, { ...sources, ...BESIDE_THE_AGENT, maxArguments: 1 });
  values.isNodeNameGiven = values.nodeName !== undefined;
  values.nodeName ??= sources.hostname;
  const [text] = args;
  if (text === undefined) problems.push(`got nothing to check, expected ${TARGET_FORMS}`);
  else {
    try {
      values.target = checkTarget(text);
    } catch (error) {
      if (!(error instanceof Expected)) throw error;
      problems.push(`${quoted(text)}: expected ${error.message}`);
    }
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return Object.freeze(values) as unknown as CheckSettings;
}

/**
 * The settings of `verify`, and which Services it is to judge.
 *
 * @throws ConfigError with every problem there is.
 */
export function loadVerifySettings(sources: Omit<ValueSources, "ownsEnvironment">): VerifySettings {
  const { values, flags, args, problems } = readValues(VERIFY_DEFINITIONS, { ...sources, ...BESIDE_THE_AGENT, maxArguments: 1 });
  const [text = ""] = args;
  const target = orUndefined(() => checkTarget(text));
  const given = text === "" ? "got no Service" : quoted(text);
  if (values.all === true) {
    if (text !== "") problems.push(`${given}: expected no Service beside --all`);
  } else if (target?.kind === "service" && target.port === undefined)
    values.service = { namespace: target.namespace, name: target.name };
  else problems.push(`${given}: expected NAMESPACE/SERVICE, such as shop/web, or --all`);
  const isWrong = problems.some((problem) => /^--(prometheus|agents)\b/.test(problem));
  if (values.prometheus === undefined && values.agents === undefined && !isWrong) {
    problems.push("--prometheus, --agents: got neither, expected one of them, such as --prometheus http://localhost:9090");
  }
  if (values.prometheus !== undefined && values.agents !== undefined) {
    problems.push("--prometheus, --agents: got both, expected one of them");
  }
  if (values.agents !== undefined) {
    for (const key of OF_PROMETHEUS.filter((each) => values[each] !== undefined))
      problems.push(`--${flagOf(key)}: got it with --agents, expected it with --prometheus`);
  }
  const agents = values.agents as AgentsAt | undefined;
  if (agents?.kind === "addresses" || (agents === undefined && values.prometheus !== undefined)) {
    const got = agents === undefined ? "--prometheus" : "the addresses of agents";
    for (const key of OF_NAMESPACE.filter((each) => flags.has(each)))
      problems.push(`--${flagOf(key)}: got it with ${got}, expected it with --agents NAMESPACE`);
  }
  if (values.bearerTokenFile !== undefined && values.basicAuthFile !== undefined) {
    problems.push("--bearer-token-file, --basic-auth-file: got both, expected one of them");
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return Object.freeze(values) as unknown as VerifySettings;
}

function orUndefined<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (error instanceof Expected) return undefined;
    throw error;
  }
}

export interface ConfigSources extends Omit<ValueSources, "ownsEnvironment"> {
  /** Name of this machine: what the node is called where nothing else is said. */
  readonly hostname: string;
}

/**
 * The agent's settings: flags over environment over file over defaults, parsed once into one immutable value.
 *
 * @throws ConfigError with every problem there is.
 */
export function loadSettings(sources: ConfigSources): Settings {
  const { values, problems } = readValues(DEFINITIONS, { ...sources, ownsEnvironment: true });
  const inCluster = sources.env.KUBERNETES_SERVICE_HOST !== undefined;
  if (values.nodeName === undefined) {
    if (inCluster) problems.push(`${variableOf("nodeName")}: got nothing, expected the node's name (spec.nodeName) in a cluster`);
    values.nodeName = sources.hostname;
  }
  const hasSource = inCluster || [values.kubeconfig, values.frontends, sources.env.KUBECONFIG].some(Boolean);
  if (!hasSource) {
    problems.push("--kubeconfig, --frontends: got neither, expected one of them outside a cluster, or the variable KUBECONFIG");
  }
  problems.push(...tlsProblems(values));
  if (problems.length > 0) throw new ConfigError(problems);
  return Object.freeze(values) as unknown as Settings;
}

/** A certificate is nothing without its key, and clients are asked for theirs in TLS only. */
function tlsProblems(values: Readonly<Record<string, unknown>>): readonly string[] {
  const given = (key: SettingKey): boolean => values[key] !== undefined;
  const missing = (key: SettingKey, other: SettingKey): string =>
    `--${flagOf(key)}: got nothing, expected a file beside --${flagOf(other)}`;
  if (given("metricsTlsCertFile") !== given("metricsTlsKeyFile")) {
    return given("metricsTlsCertFile")
      ? [missing("metricsTlsKeyFile", "metricsTlsCertFile")]
      : [missing("metricsTlsCertFile", "metricsTlsKeyFile")];
  }
  const needsCertificate = given("metricsClientCaFile") && !given("metricsTlsCertFile");
  return needsCertificate ? [missing("metricsTlsCertFile", "metricsClientCaFile")] : [];
}
