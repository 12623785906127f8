import { request } from "undici";
import { parseExposition, type Sample } from "../../domain/exposition.ts";
import { MAX_COUNT } from "../observation.ts";

/** What one agent exported at one moment. */
export interface AgentPage {
  readonly samples: readonly Sample[];
}

/** What all agents that answered exported, by their address. */
export interface Reading {
  /** Milliseconds since the epoch. */
  readonly atMs: number;
  readonly pages: ReadonlyMap<string, AgentPage>;
  /** Why the others did not. */
  readonly problems: readonly string[];
}

const PREFIX = "hairpin_probe_";
const TIMEOUT_MS = 5_000;
/** An agent's budget of series is a few megabytes. */
const MAX_PAGE_BYTES = 64 * 2 ** 20;

/** Reads the metrics of every agent at once. One that does not answer is a gap in the data, not an error. */
export async function readAgents(addresses: readonly string[], nowMs: () => number, signal: AbortSignal): Promise<Reading> {
  const atMs = nowMs();
  const answers = await Promise.all(
    addresses.map(async (address) => {
      try {
        return { address, page: agentPageOf(await textOf(`http://${address}/metrics`, signal)) };
      } catch (error) {
        signal.throwIfAborted();
        return { address, problem: `${address}: ${error instanceof Error ? error.message || error.name : String(error)}` };
      }
    }),
  );
  return {
    atMs,
    pages: new Map(answers.flatMap(({ address, page }) => (page === undefined ? [] : [[address, page] as const]))),
    problems: answers.flatMap(({ problem }) => (problem === undefined ? [] : [problem])),
  };
}

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

async function textOf(url: string, signal: AbortSignal): Promise<string> {
  const response = await request(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]) });
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of response.body as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > MAX_PAGE_BYTES) throw new Error(`got more than ${MAX_PAGE_BYTES} bytes, expected an agent's metrics`);
    parts.push(part);
  }
  if (response.statusCode !== 200) throw new Error(`got HTTP status ${response.statusCode}, expected 200`);
  return Buffer.concat(parts).toString();
}
