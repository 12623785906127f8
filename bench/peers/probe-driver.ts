/**
 * Stands in for the Prometheus that an exporter of probes needs: asks for each target once per interval, at a random instant of it, on
 * connections that are kept.
 *
 *   node bench/peers/probe-driver.ts URL_UP_TO_TARGET INTERVAL_MS TARGET...
 */
import { Agent, get } from "node:http";

const [prefix, intervalMs, ...targets] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true, keepAliveMsecs: 60_000 });

function repeat(target: string, slotStartMs: number): void {
  const dueMs = slotStartMs + Math.random() * Number(intervalMs);
  setTimeout(
    () => {
      const headers = { "x-prometheus-scrape-timeout-seconds": "10" };
      get(`${prefix}${encodeURIComponent(target)}`, { agent, headers }, (response) => response.resume()).on("error", (error) => {
        throw error;
      });
      repeat(target, slotStartMs + Number(intervalMs));
    },
    Math.max(0, dueMs - performance.now()),
  );
}

for (const target of targets) repeat(target, performance.now());
