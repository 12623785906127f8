import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { LabAgent } from "../../lab/agents.ts";
import { JUDGED_WITHIN_MS } from "../../src/domain/evidence.ts";
import { sumOf } from "../../src/domain/exposition.ts";
import { eventually } from "./waiting.ts";

const ATTEMPTS = 40;

/**
 * Waits until what failed before is over and done with, on every agent: enough attempts, and no failure for longer than an attempt can be
 * in flight and wait for its verdict. Whatever began before the call has been counted when it ends.
 *
 * @throws AssertionError when the agents do not get there within half a minute.
 */
export function untilHealthy(agents: readonly LabAgent[], timeoutMs: number): Promise<void> {
  const total = async (metric: string) => {
    const pages = await Promise.all(agents.map((agent) => agent.scrape()));
    return pages.map((page) => sumOf(page, `hairpin_probe_${metric}_total`));
  };
  return eventually(async () => {
    const [failures, attempts] = await Promise.all([total("failures"), total("attempts")]);
    await sleep(timeoutMs + JUDGED_WITHIN_MS);
    await eventually(async () => {
      for (const [index, now] of (await total("attempts")).entries()) assert.ok(now >= (attempts[index] ?? 0) + ATTEMPTS);
    });
    assert.deepEqual(await total("failures"), failures);
  });
}
