import assert from "node:assert/strict";
import { test } from "node:test";
import type { PrometheusClient, Series } from "../../src/verify/prometheus/client.ts";
import { readObservation } from "../../src/verify/prometheus/read.ts";

const LABELS = { node: "n1", service_port: "80", frontend_zone: "a", colocated: "true", exposed: "true" };
/** A second. */
const RATES = { attempts: 10, connect_timeout: 3, connect_refused: 2 } as const;

/** A Prometheus in which everything rises evenly. */
const even = {
  query: async (text: string): Promise<readonly Series[]> => {
    const seconds = Number(/\[(\d+)ms\]/.exec(text)?.[1]) / 1000;
    const series = (value: number, labels = {}): Series => ({ labels: { ...LABELS, ...labels }, points: [{ atMs: 0, value }] });
    if (text.includes("attempts_total")) return [series(RATES.attempts * seconds)];
    if (!text.includes("hairpin_probe_failures_total")) return [];
    const reasons = ["connect_timeout", "connect_refused"] as const;
    return reasons.map((reason) => series(RATES[reason] * seconds, { reason }));
  },
} as unknown as PrometheusClient;

test("what fails at once is counted over the span of the attempts: while the lag is left out its share does not change", async () => {
  const subject = { namespace: "shop", name: "web", cluster: undefined };
  const { strata } = await readObservation(even, subject, { startMs: 0, endMs: 60_000 }, 15_000);
  const [{ attempts, timeouts, otherFailures } = assert.fail()] = strata;
  assert.deepEqual([attempts, otherFailures], [450, 90]);
  // Every timeout is counted: there are rather too many than too few.
  assert.equal(timeouts, 180);
});
