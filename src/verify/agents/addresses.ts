import { request } from "undici";
import { type ReadOptions, readAgents } from "./pages.ts";
import { type AgentSource, READ_EVERY_MS } from "./reading.ts";

const TIMEOUT_MS = 5_000;
/** An agent's budget of series is a few megabytes. */
export const MAX_PAGE_BYTES = 64 * 2 ** 20;

/** Agents that are asked by themselves, all at once. */
export function agentsAtAddresses(
  addresses: readonly string[],
  options: Pick<ReadOptions, "service" | "nowMs" | "signal">,
): AgentSource {
  const agents = addresses.map((address) => ({
    key: address,
    name: address,
    page: (signal: AbortSignal) => textOf(`http://${address}/metrics`, signal),
  }));
  return {
    read: () => readAgents(agents, { ...options, atATime: agents.length, timeoutMs: TIMEOUT_MS }),
    readEveryMs: () => READ_EVERY_MS,
    close: async () => {},
  };
}

async function textOf(url: string, signal: AbortSignal): Promise<string> {
  const response = await request(url, { signal });
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
