import type { Count } from "../domain/two-shares.ts";

/** More than a thousand agents count of one Service in a month; the tests of what is far above would take minutes. */
export const MAX_COUNT = 1e10;

/** Milliseconds since the epoch. */
export interface Span {
  readonly startMs: number;
  readonly endMs: number;
}

/** What the agent on one node counted at one frontend's labels within a span. */
export interface Stratum {
  readonly node: string;
  readonly port: string;
  /** Zone of the frontend; "" when it is not known. */
  readonly zone: string;
  /** Whether that is the node's own zone; `undefined`: one of them is not known. */
  readonly isOwnZone: boolean | undefined;
  readonly colocated: boolean;
  /** Whether a connection could hairpin here, by the configuration. */
  readonly isExposed: boolean;
  /** Mean over the span of the share that the configuration implied; `undefined`: not known. */
  readonly exposure: number | undefined;
  readonly attempts: number;
  readonly timeouts: number;
  /** Timeouts with evidence of the hairpin. */
  readonly hairpins: number;
  /** Failures of any other reason. */
  readonly otherFailures: number;
}

/** What decides whether connections hairpin, as the agents saw it. */
export interface Configuration {
  readonly hostname: string;
  readonly targetType: string;
  readonly preserveClientIp: string;
  readonly preserveOrigin: string;
  readonly crossZone: string;
  readonly externalTrafficPolicy: string;
}

/** All that agents counted of one Service within one span. */
export interface Observation {
  readonly span: Span;
  readonly strata: readonly Stratum[];
  /** Ports at which attempts ended at the NLB, which terminates TLS: they are in no stratum. */
  readonly unmeasuredPorts?: readonly string[];
  /** Attempts past the NLB, and their failures. */
  readonly control: Count;
  /** What was so for a good part of the span; several where it changed, or agents do not agree. */
  readonly configurations: readonly Configuration[];
  /** Share of the span for which each node's agent has data. */
  readonly coverage: ReadonlyMap<string, number>;
  /** Zone of each node that has an agent; "" where it is not known. */
  readonly zones: ReadonlyMap<string, string>;
  /** Some agents leave frontends to others, so that not every node which hosts a backend is among the strata. */
  readonly isShared: boolean;
  /** Nodes whose agents' connections a proxy in their pod answered, for some of the span at least: what they counted is the proxy's. */
  readonly proxied?: readonly string[];
}

/** How many agents there are in any of these zones. */
export const agentsIn = ({ zones }: Observation, wanted: ReadonlySet<string>): number =>
  [...zones.values()].filter((zone) => wanted.has(zone)).length;

/** Which path this is, whatever becomes of its labels: after a fix the same path is no longer exposed. */
export const pathOf = ({ node, port, zone }: Pick<Stratum, "node" | "port" | "zone">): string =>
  `${node}\u0000${port}\u0000${zone}`;
