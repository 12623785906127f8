import { define } from "./definition.ts";
import { KUBECTL_DEFINITIONS, type KubectlSettings } from "./kubectl-definitions.ts";
import { noColor, outputAs } from "./output-definitions.ts";
import { boolean, duration, Expected, isDnsLabel, type Parse, path, word } from "./parsers.ts";

export const VERIFY_OUTPUTS = ["text", "json", "markdown", "svg"] as const;

/** A moment as people name it: by the calendar, or so long ago. */
export type Moment = { readonly kind: "at"; readonly ms: number } | { readonly kind: "ago"; readonly ms: number };

/** Where the agents are: in a namespace, through the Kubernetes API, or at these addresses. */
export type AgentsAt =
  | { readonly kind: "namespace"; readonly namespace: string }
  | { readonly kind: "addresses"; readonly addresses: readonly string[] };

/** The settings of `verify`. */
export interface VerifySettings extends KubectlSettings {
  /** `undefined`: all of them (`--all`). */
  readonly service: { readonly namespace: string; readonly name: string } | undefined;
  /** Exactly one of these two is there. */
  readonly prometheus: string | undefined;
  readonly agents: AgentsAt | undefined;
  readonly bearerTokenFile: string | undefined;
  readonly basicAuthFile: string | undefined;
  readonly caFile: string | undefined;
  readonly orgId: string | undefined;
  readonly cluster: string | undefined;
  /** When the configuration was changed; `undefined`: as the agents saw it. */
  readonly at: Moment | undefined;
  /** Milliseconds. */
  readonly before: number;
  /** Milliseconds; `undefined`: until now. */
  readonly after: number | undefined;
  /** Milliseconds after the change that are left out. */
  readonly settle: number;
  /** Whether to look again until the verdict stands. */
  readonly watch: boolean;
  readonly output: (typeof VERIFY_OUTPUTS)[number];
  readonly noColor: boolean;
}

const MAX_MS = 30 * 86_400_000;
const length = (minMs: number, why: string): Parse<number> => duration({ minMs, maxMs: MAX_MS, why });

/** A moment: RFC 3339, or so long ago. */
export const moment: Parse<Moment> = (text) => {
  const ago = /^(\S+) ago$/.exec(text)?.[1];
  if (ago !== undefined) return { kind: "ago", ms: length(0, "as far back as data is kept")(ago) };
  const [, date, time] = /^(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})(?:\.\d+)?(?:[Zz]|[+-]\d{2}:\d{2})$/.exec(text) ?? [];
  const ms = Date.parse(text);
  // The 31st of February would be taken for the 3rd of March.
  const local = Date.parse(`${date}T${time}Z`);
  const isInCalendar = !Number.isNaN(local) && new Date(local).toISOString().startsWith(`${date}T${time}`);
  if (!isInCalendar || Number.isNaN(ms)) throw new Expected('a time such as 2026-11-24T10:00:00Z, or "12m ago"');
  return { kind: "at", ms };
};

/** The address of an HTTP API. What proves who asks comes from files, as addresses end up in logs. */
export const httpUrl: Parse<string> = (text) => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !["http:", "https:"].includes(url.protocol)) throw new Expected("a URL such as http://localhost:9090");
  if (url.username !== "" || url.password !== "")
    throw new Expected("a URL without user and password: give them by --basic-auth-file");
  if (url.search !== "" || url.hash !== "") throw new Expected("a URL that ends with its path");
  return url.href;
};

/** The agents' namespace, or their addresses with commas between them. What has no port is no address. */
export const agentsAt: Parse<AgentsAt> = (text) => {
  if (isDnsLabel(text)) return { kind: "namespace", namespace: text };
  const addresses = text.split(",").map((part) => part.trim());
  // What a URL makes of it must be what it is: "a\\b:80" would be a path at another host, and "1.2:80" is 1.0.0.2.
  const isAddress = (address: string): boolean => {
    const [, host, port] = /^([\w.-]+|\[[\da-fA-F:.]+\]):(\d{1,5})$/.exec(address) ?? [];
    const url = host === undefined || !URL.canParse(`http://${address}`) ? undefined : new URL(`http://${address}`);
    if (url === undefined || Number(port) === 0) return false;
    return host?.startsWith("[") === true || url.hostname === host?.toLowerCase();
  };
  if (!addresses.every(isAddress)) {
    throw new Expected(
      "the agents' namespace, such as hairpin-probe, or HOST:PORT with commas between them, such as 10.0.1.5:9867,10.0.2.5:9867",
    );
  }
  return { kind: "addresses", addresses: [...new Set(addresses)] };
};

/** What only a namespace of agents has a use for. As flags: what an agent is told by variables and files is beside the point. */
export const OF_NAMESPACE = Object.keys(KUBECTL_DEFINITIONS);

/** What only a Prometheus has a use for. */
export const OF_PROMETHEUS = ["at", "cluster", "bearerTokenFile", "basicAuthFile", "caFile", "orgId"] as const;

export const VERIFY_DEFINITIONS = {
  prometheus: define({
    parse: httpUrl,
    placeholder: "URL",
    help: "Prometheus, or what speaks its HTTP API (Thanos, Mimir), with the path before /api/v1.",
  }),
  agents: define({
    parse: agentsAt,
    placeholder: "NAMESPACE",
    help: "Instead of Prometheus, the agents themselves: their namespace, whose pods are read through the Kubernetes API, or HOST:PORT,… where pods can be reached. Start it, make the change, and it says when the verdict stands.",
  }),
  ...KUBECTL_DEFINITIONS,
  at: define({
    parse: moment,
    placeholder: "TIME",
    help: 'When the change was made: 2026-11-24T10:00:00Z, or "12m ago". Default: when the agents saw the configuration change, within 24 h.',
  }),
  before: define({
    parse: length(60_000, "what is compared must be more than a few scrapes"),
    default: "1h",
    placeholder: "DURATION",
    help: "How long before the change to look at.",
  }),
  after: define({
    parse: length(60_000, "what is compared must be more than a few scrapes"),
    placeholder: "DURATION",
    help: "How long after the change to look at. Default: until now.",
  }),
  settle: define({
    parse: length(0, "new connections follow a change within a minute or two"),
    default: "2m",
    placeholder: "DURATION",
    help: "How long after the change to leave out, until new connections follow it.",
  }),
  watch: define({
    parse: boolean,
    default: "false",
    placeholder: "",
    isSwitch: true,
    help: "Looks again until the verdict stands, by a test that allows for it; with --after, not longer than that.",
  }),
  all: define({
    parse: boolean,
    default: "false",
    placeholder: "",
    isSwitch: true,
    help: "Judges every Service whose configuration changed (with --at: every Service), and sums up.",
  }),
  cluster: define({
    parse: word,
    placeholder: "NAME",
    help: "Value of the label `cluster`, where several clusters share a Prometheus.",
  }),
  bearerTokenFile: define({ parse: path, placeholder: "FILE", help: "File with a bearer token." }),
  basicAuthFile: define({ parse: path, placeholder: "FILE", help: "File with user:password." }),
  caFile: define({
    parse: path,
    placeholder: "FILE",
    help: "File with certificate authorities (PEM) to trust instead of the system's.",
  }),
  orgId: define({ parse: word, placeholder: "TENANT", help: "Tenant, sent as X-Scope-OrgID." }),
  output: outputAs(VERIFY_OUTPUTS),
  noColor,
} as const;
