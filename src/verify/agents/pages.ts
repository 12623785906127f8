import { parseExposition, type Sample } from "../../domain/exposition.ts";
import { forEachBounded } from "../../domain/for-each-bounded.ts";
import { MAX_COUNT } from "../observation.ts";
import type { Service } from "./observe.ts";
import { type AgentPage, type Reading, UnreadableError } from "./reading.ts";

/** One agent, and how to get what it exports. */
export interface Agent {
  readonly key: string;
  /** What it is called where it does not answer. */
  readonly name: string;
  /** The metrics page. Rejects when there is none. */
  readonly page: (signal: AbortSignal) => Promise<string>;
}

export interface ReadOptions {
  /** Of whose counters all others are dropped at once: the pages of hundreds of agents do not fit into memory. `undefined`: of all. */
  readonly service: Service | undefined;
  /** Agents that are asked at a time. */
  readonly atATime: number;
  /** Milliseconds for one agent. */
  readonly timeoutMs: number;
  /** Milliseconds since the epoch. */
  readonly nowMs: () => number;
  readonly signal: AbortSignal;
}

/** @throws UnreadableError as the agents have it, and what the signal is aborted with. */
export async function readAgents(agents: readonly Agent[], options: ReadOptions): Promise<Reading> {
  const { service, atATime, timeoutMs, nowMs, signal } = options;
  const atMs = nowMs();
  const pages = new Map<string, AgentPage>();
  const problems: string[] = [];
  await forEachBounded(agents, atATime, async ({ key, name, page }) => {
    try {
      const text = await page(AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]));
      const samples = agentPageOf(text).samples.filter((sample) => isOfUse(sample, service));
      // A copy: a part of a text keeps the whole of it in memory (V8's sliced strings).
      pages.set(key, { samples: structuredClone(samples) });
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof UnreadableError) throw error;
      problems.push(`${name}: ${error instanceof Error ? error.message || error.name : String(error)}`);
    }
  });
  return { atMs, pages, problems };
}

const PREFIX = "hairpin_probe_";

/**
 * Reads what an agent exports.
 *
 * @throws Error for what is no metrics page, or has a number of ours that counts nothing.
 */
export function agentPageOf(text: string): AgentPage {
  const samples = parseExposition(text);
  for (const { name, value } of samples) {
    if (name.startsWith(PREFIX) && !(value >= 0 && value <= MAX_COUNT))
      throw new Error(`${name}: got ${value}, expected a number from 0 to ${MAX_COUNT}`);
  }
  return { samples };
}

/** What readings are compared by; the rest, mostly buckets, is dropped. */
const USED: ReadonlySet<string> = new Set([
  "hairpin_probe_attempts_total",
  "hairpin_probe_failures_total",
  "hairpin_probe_hairpins_total",
  "hairpin_probe_control_attempts_total",
  "hairpin_probe_control_failures_total",
  "hairpin_probe_exposure_ratio",
  "hairpin_probe_service_info",
  "hairpin_probe_agent_info",
  "hairpin_probe_frontends_left_to_others",
]);
/** Of agents, not of a Service. */
const OF_AGENTS: ReadonlySet<string> = new Set(["hairpin_probe_agent_info", "hairpin_probe_frontends_left_to_others"]);

const isOfUse = ({ name, labels }: Sample, service: Service | undefined): boolean =>
  USED.has(name) &&
  (service === undefined ||
    OF_AGENTS.has(name) ||
    (labels.service_namespace === service.namespace && labels.service_name === service.name));
