import { setTimeout as sleep } from "node:timers/promises";
import { JUDGED_WITHIN_MS } from "../../src/domain/evidence.ts";
import type { LabAgent } from "../agents.ts";
import { diagnosed, merged, since, type View, viewsOf } from "./view.ts";

const LOOK_EVERY_MS = 500;

/** What all agents have counted so far, and say: a row per node and frontend zone, the ports of a Service together. */
export async function look(agents: readonly LabAgent[]): Promise<readonly View[]> {
  const [samples, statuses] = await Promise.all([
    Promise.all(agents.map((agent) => agent.scrape())),
    Promise.all(agents.map((agent) => agent.status())),
  ]);
  const views = merged(samples.flatMap(viewsOf).map((view) => ({ ...view, port: "" })));
  return statuses.reduce(diagnosed, views);
}

/**
 * Lets the agents count until every row has enough attempts.
 *
 * It begins when every attempt that is in flight now has been counted: an attempt is counted when it ends, and one that began
 * before a change would be counted as one after it.
 *
 * @throws Error with the rows so far when that takes longer than `withinMs`.
 */
export async function measure(
  agents: readonly LabAgent[],
  options: { readonly minAttempts: number; readonly timeoutMs: number; readonly withinMs: number },
): Promise<readonly View[]> {
  const { minAttempts, timeoutMs, withinMs } = options;
  await sleep(timeoutMs + JUDGED_WITHIN_MS);
  const start = await look(agents);
  const deadlineMs = performance.now() + withinMs;
  for (;;) {
    const views = since(start, await look(agents)).filter((view) => view.exposure !== undefined || view.attempts > 0);
    if (views.length > 0 && views.every((view) => view.attempts >= minAttempts)) return views;
    if (performance.now() > deadlineMs) {
      throw new Error(`not ${minAttempts} attempts in every row within ${withinMs / 1000} s: ${JSON.stringify(views)}`);
    }
    await sleep(LOOK_EVERY_MS);
  }
}
