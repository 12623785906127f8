import { parseArgs } from "node:util";
import { type Document, isAlias, isScalar, parseDocument } from "yaml";
import { type Definitions, ENVIRONMENT_PREFIX, flagOf, variableOf } from "./definition.ts";
import { didYouMean } from "./did-you-mean.ts";
import { Expected } from "./parsers.ts";
import { named, quoted } from "./said.ts";

export interface ValueSources {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Reads the configuration file. What it throws becomes a problem. */
  readonly readFile: (path: string) => string;
  /**
   * Whether variables with our prefix that are no settings are problems. Not where a command runs beside the agent, whose
   * variables are not its own.
   */
  readonly ownsEnvironment: boolean;
  /** Keys of other commands that a shared file may hold. */
  readonly foreignKeys?: readonly string[];
  /** How many arguments that are no flags the command takes. */
  readonly maxArguments?: number;
}

/** A value as it was given, and by what: `--interval`, `HAIRPIN_PROBE_INTERVAL`, or `interval in agent.yaml`. */
interface Given {
  readonly text: string;
  readonly source: string;
}

type GivenByKey = Map<string, Given>;

/** What Kubernetes writes into every container for a Service of the agents' own name; no settings of anyone's. */
const SERVICE_LINK = /^HAIRPIN_PROBE_(SERVICE_HOST|SERVICE_PORT(_.*)?|PORT(_\d+_(TCP|UDP|SCTP)(_.*)?)?)$/;

/**
 * Flags over environment over file over defaults, each parsed as its definition says.
 *
 * @returns the values by key, the keys that were given as flags, the arguments, and every problem there is: a value without problems
 * is there, the others are missing.
 */
export function readValues(
  definitions: Definitions,
  sources: ValueSources,
): {
  readonly values: Record<string, unknown>;
  readonly flags: ReadonlySet<string>;
  readonly args: readonly string[];
  readonly problems: string[];
} {
  const problems: string[] = [];
  const { found: flags, args } = fromFlags(definitions, sources, problems);
  const variables = fromEnvironment(definitions, sources, problems);
  const file = flags.get("config") ?? variables.get("config");
  const keys = file === undefined ? new Map<string, Given>() : fromFile(definitions, file, sources, problems);
  const values: Record<string, unknown> = {};
  for (const [key, { parse, default: fallback }] of Object.entries(definitions)) {
    const given = flags.get(key) ?? variables.get(key) ?? keys.get(key);
    const text = given?.text ?? fallback;
    if (text === undefined) continue;
    try {
      values[key] = parse(text);
    } catch (error) {
      if (!(error instanceof Expected)) throw error;
      problems.push(`${given?.source ?? key}: got ${quoted(text)}, expected ${error.message}`);
    }
  }
  return { values, flags: new Set(flags.keys()), args, problems };
}

function fromFlags(
  definitions: Definitions,
  { argv, maxArguments = 0 }: ValueSources,
  problems: string[],
): { readonly found: GivenByKey; readonly args: readonly string[] } {
  const found: GivenByKey = new Map();
  const args: string[] = [];
  const all = { config: {}, ...definitions } as Readonly<Record<string, { short?: string; isSwitch?: boolean }>>;
  const names = new Map(Object.keys(all).map((key) => [flagOf(key), key] as const));
  const options = Object.fromEntries(
    Object.entries(all).map(([key, { short, isSwitch }]) => [
      flagOf(key),
      { type: isSwitch ? ("boolean" as const) : ("string" as const), ...(short === undefined ? {} : { short }) },
    ]),
  );
  const { tokens } = parseArgs({ args: [...argv], options, strict: false, allowPositionals: true, tokens: true });
  let unknownFlag = Number.NaN;
  for (const token of tokens) {
    // What follows an unknown flag is likely its value: one mistake, one sentence.
    if (token.kind === "positional" && token.index === unknownFlag + 1) continue;
    if (token.kind === "positional" && args.length < maxArguments) args.push(token.value);
    else if (token.kind === "positional") {
      const expected = maxArguments === 0 ? "no argument here, only flags" : "no more arguments here, only flags";
      problems.push(`${quoted(token.value)}: expected ${expected}`);
    }
    if (token.kind !== "option") continue;
    const key = names.get(token.name);
    const text = token.value ?? (key !== undefined && all[key]?.isSwitch ? "true" : undefined);
    if (key === undefined) {
      unknownFlag = token.index;
      problems.push(`${named(token.rawName)}: unknown flag${didYouMean(token.name, names.keys(), "--")}`);
    } else if (text === undefined) problems.push(`${token.rawName}: got nothing, expected a value`);
    else found.set(key, { text, source: token.rawName });
  }
  return { found, args };
}

function fromEnvironment(definitions: Definitions, { env, ownsEnvironment }: ValueSources, problems: string[]): GivenByKey {
  const found: GivenByKey = new Map();
  const names = new Map(["config", ...Object.keys(definitions)].map((key) => [variableOf(key), key] as const));
  for (const [name, text] of Object.entries(env)) {
    if (text === undefined || !name.startsWith(ENVIRONMENT_PREFIX) || SERVICE_LINK.test(name)) continue;
    const key = names.get(name);
    if (key !== undefined) found.set(key, { text, source: name });
    else if (ownsEnvironment) problems.push(`${named(name)}: unknown environment variable${didYouMean(name, names.keys(), "")}`);
  }
  return found;
}

function fromFile(
  definitions: Definitions,
  file: Given,
  { readFile, foreignKeys = [] }: ValueSources,
  problems: string[],
): Map<string, Given> {
  const found = new Map<string, Given>();
  const name = named(file.text);
  let text: string;
  try {
    text = readFile(file.text);
  } catch (error) {
    problems.push(`${file.source}: cannot read ${name}: ${named(error instanceof Error ? error.message : String(error))}`);
    return found;
  }
  const document = parseDocument(text, { prettyErrors: true });
  for (const { message } of document.errors) problems.push(`${name}: not YAML: ${message}`);
  if (document.errors.length > 0) return found;
  let content: unknown;
  try {
    content = document.toJS();
  } catch (error) {
    // Aliases that multiply (a "billion laughs") are refused by the library.
    problems.push(`${name}: not usable YAML: ${named(error instanceof Error ? error.message : String(error))}`);
    return found;
  }
  if (content === null || content === undefined) return found;
  if (typeof content !== "object" || Array.isArray(content)) {
    problems.push(`${name}: got ${Array.isArray(content) ? "a list" : typeof content}, expected a mapping of settings`);
    return found;
  }
  const known = Object.keys(definitions);
  for (const [key, value] of Object.entries(content)) {
    const source = `${named(key)} in ${name}`;
    if (foreignKeys.includes(key) && !known.includes(key)) continue;
    if (!known.includes(key)) problems.push(`${source}: unknown setting${didYouMean(key, known, "")}`);
    else if (["string", "number", "boolean"].includes(typeof value))
      found.set(key, { text: textOf(document, key, value), source });
    else problems.push(`${source}: got ${kindOf(value)}, expected a single value`);
  }
  return found;
}

/** As it is written: YAML takes `2.10` for the number 2.1. */
function textOf(document: Document, key: string, value: unknown): string {
  const given: unknown = document.get(key, true);
  const node = isAlias(given) ? given.resolve(document) : given;
  return typeof value !== "string" && isScalar(node) && node.source !== undefined ? node.source : String(value);
}

const kindOf = (value: unknown): string => (Array.isArray(value) ? "a list" : value === null ? "nothing" : "a mapping");
