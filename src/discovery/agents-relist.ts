import type { EndpointSliceObject } from "./objects/slice-object.ts";

/** Up to so many agents their slices are watched: what happens is known at once, and costs little. */
const WATCHED_AGENTS = 300;
const PER_AGENT_MS = 100;
const [MIN_MS, MAX_MS] = [60_000, 600_000];

/**
 * Milliseconds until the agents' own slices are listed anew instead of being watched.
 *
 * Each agent that restarts changes a slice of a hundred, some 30 kB, and a watch brings it to every agent: with 5,000 agents 155 MB for one
 * restart, 1.5 TB for a rollout. A list brings only how it is in the end; its size grows along with the agents, and so does the time between
 * two of them, so that an agent gets some 3 kB a second however many there are.
 *
 * @returns `undefined`: they are few enough to be watched.
 */
export function relistAgentsAfterMs(slices: Iterable<Pick<EndpointSliceObject, "ids">>): number | undefined {
  let agents = 0;
  for (const { ids } of slices) agents += ids.length;
  return agents <= WATCHED_AGENTS ? undefined : Math.min(MAX_MS, Math.max(MIN_MS, agents * PER_AGENT_MS));
}
