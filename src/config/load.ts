import { parseArgs } from "node:util";
import { parseDocument } from "yaml";
import {
  DEFINITIONS,
  ENVIRONMENT_PREFIX,
  flagOf,
  SETTING_KEYS,
  type SettingKey,
  type Settings,
  variableOf,
} from "./definitions.ts";
import { Expected } from "./parsers.ts";

/** Every problem of a configuration at once: one sentence each, with the setting, what was given and what was expected. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(problems.join("\n"));
    this.problems = problems;
  }
}

export interface ConfigSources {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Reads the configuration file. What it throws becomes a problem. */
  readonly readFile: (path: string) => string;
  /** Name of this machine: what the node is called where nothing else is said. */
  readonly hostname: string;
}

/** A value as it was given, and by what: `--interval`, `HAIRPIN_PROBE_INTERVAL`, or `interval in agent.yaml`. */
interface Given {
  readonly text: string;
  readonly source: string;
}

/** What Kubernetes writes into every container for a Service of the agents' own name; no settings of anyone's. */
const SERVICE_LINK = /^HAIRPIN_PROBE_(SERVICE_HOST|SERVICE_PORT(_.*)?|PORT(_\d+_(TCP|UDP|SCTP)(_.*)?)?)$/;

/**
 * Flags over environment over file over defaults, parsed once into one immutable value.
 *
 * @throws ConfigError with every problem there is.
 */
export function loadSettings(sources: ConfigSources): Settings {
  const problems: string[] = [];
  const flags = fromFlags(sources.argv, problems);
  const variables = fromEnvironment(sources.env, problems);
  const file = flags.get("config") ?? variables.get("config");
  const keys = file === undefined ? new Map<string, Given>() : fromFile(file, sources.readFile, problems);

  const values: Record<string, unknown> = {};
  for (const key of SETTING_KEYS) {
    const given = flags.get(key) ?? variables.get(key) ?? keys.get(key);
    const { parse, default: fallback } = DEFINITIONS[key] as { parse: (text: string) => unknown; default?: string };
    const text = given?.text ?? fallback;
    if (text === undefined) continue;
    try {
      values[key] = parse(text);
    } catch (error) {
      if (!(error instanceof Expected)) throw error;
      problems.push(`${given?.source ?? key}: got ${JSON.stringify(text.slice(0, 200))}, expected ${error.message}`);
    }
  }

  const inCluster = sources.env.KUBERNETES_SERVICE_HOST !== undefined;
  if (values.nodeName === undefined) {
    if (inCluster) problems.push(`${variableOf("nodeName")}: got nothing, expected the node's name (spec.nodeName) in a cluster`);
    values.nodeName = sources.hostname;
  }
  const hasSource = inCluster || [values.kubeconfig, values.frontends, sources.env.KUBECONFIG].some(Boolean);
  if (!hasSource) {
    problems.push("--kubeconfig, --frontends: got neither, expected one of them outside a cluster, or the variable KUBECONFIG");
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return Object.freeze(values) as unknown as Settings;
}

type GivenByKey = Map<SettingKey | "config", Given>;

function fromFlags(argv: readonly string[], problems: string[]): GivenByKey {
  const found: GivenByKey = new Map();
  const names = new Map<string, SettingKey | "config">([
    ["config", "config"],
    ...SETTING_KEYS.map((key) => [flagOf(key), key] as const),
  ]);
  const options = Object.fromEntries([...names.keys()].map((name) => [name, { type: "string" as const }]));
  const { tokens } = parseArgs({ args: [...argv], options, strict: false, allowPositionals: true, tokens: true });
  let unknownFlag = Number.NaN;
  for (const token of tokens) {
    // What follows an unknown flag is likely its value: one mistake, one sentence.
    if (token.kind === "positional" && token.index === unknownFlag + 1) continue;
    if (token.kind === "positional") problems.push(`${JSON.stringify(token.value)}: expected no argument here, only flags`);
    if (token.kind !== "option") continue;
    const key = names.get(token.name);
    if (key === undefined) {
      unknownFlag = token.index;
      problems.push(`${token.rawName}: unknown flag${didYouMean(token.name, names.keys(), "--")}`);
    } else if (token.value === undefined) problems.push(`${token.rawName}: got nothing, expected a value`);
    else found.set(key, { text: token.value, source: token.rawName });
  }
  return found;
}

function fromEnvironment(env: ConfigSources["env"], problems: string[]): GivenByKey {
  const found: GivenByKey = new Map();
  const names = new Map<string, SettingKey | "config">([
    [`${ENVIRONMENT_PREFIX}CONFIG`, "config"],
    ...SETTING_KEYS.map((key) => [variableOf(key), key] as const),
  ]);
  for (const [name, text] of Object.entries(env)) {
    if (text === undefined || !name.startsWith(ENVIRONMENT_PREFIX) || SERVICE_LINK.test(name)) continue;
    const key = names.get(name);
    if (key === undefined) problems.push(`${name}: unknown environment variable${didYouMean(name, names.keys(), "")}`);
    else found.set(key, { text, source: name });
  }
  return found;
}

function fromFile(file: Given, readFile: (path: string) => string, problems: string[]): Map<string, Given> {
  const found = new Map<string, Given>();
  let text: string;
  try {
    text = readFile(file.text);
  } catch (error) {
    problems.push(`${file.source}: cannot read ${file.text}: ${error instanceof Error ? error.message : String(error)}`);
    return found;
  }
  const document = parseDocument(text, { prettyErrors: true });
  for (const { message } of document.errors) problems.push(`${file.text}: not YAML: ${message}`);
  if (document.errors.length > 0) return found;
  const content: unknown = document.toJS();
  if (content === null || content === undefined) return found;
  if (typeof content !== "object" || Array.isArray(content)) {
    problems.push(`${file.text}: got ${Array.isArray(content) ? "a list" : typeof content}, expected a mapping of settings`);
    return found;
  }
  for (const [key, value] of Object.entries(content)) {
    const source = `${key} in ${file.text}`;
    if (!SETTING_KEYS.some((known) => known === key))
      problems.push(`${source}: unknown setting${didYouMean(key, SETTING_KEYS, "")}`);
    else if (["string", "number", "boolean"].includes(typeof value)) found.set(key, { text: String(value), source });
    else problems.push(`${source}: got ${JSON.stringify(value)?.slice(0, 200)}, expected a single value`);
  }
  return found;
}

/** The known name that shares most of its start and length, if one is near enough to be a slip. */
function didYouMean(given: string, known: Iterable<string>, prefix: string): string {
  const near = [...known]
    .map((name) => ({ name, distance: editDistance(given, name) }))
    .sort((a, b) => a.distance - b.distance)[0];
  return near !== undefined && near.distance <= 3 ? ` (did you mean ${prefix}${near.name}?)` : "";
}

/** Levenshtein distance; the names are short, and input is cut to their length. */
function editDistance(a: string, b: string): number {
  const shorter = a.slice(0, 64);
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= shorter.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substituted = (row[j - 1] ?? 0) + (shorter[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substituted, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
