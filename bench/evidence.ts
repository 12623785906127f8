/**
 * How many hairpins the kernel's counters alone convict, and how many others by mistake: `npm run bench:evidence`.
 *
 * A real agent in the lab, 30 % of its attempts hairpin and 10 % are dropped silently, at 50 and 200 attempts a second. Exits with 1 when
 * a share is below its bound: a verdict that luck or a busy loop makes impossible is undecided, so recall falls with the rate.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { sumOf } from "../src/domain/exposition.ts";
import { precisionAndRecall, withMixedFrontends } from "./evidence-run.ts";
import { cpuSeconds } from "./process-cost.ts";

const RUNS = [
  { rate: 50, seconds: 40, leastPrecision: 0.99, leastRecall: 0.95 },
  { rate: 200, seconds: 20, leastPrecision: 0.97, leastRecall: 0 },
];

for (const { rate, seconds, leastPrecision, leastRecall } of RUNS) {
  await withMixedFrontends(rate, async ({ agent, timeouts }) => {
    const pid = agent.process.pid ?? 0;
    const cpu = cpuSeconds(pid);
    await sleep(seconds * 1000);
    const share = (cpuSeconds(pid) - cpu) / seconds;
    const counts = timeouts();
    const { precision, recall } = precisionAndRecall(counts);
    const page = await agent.scrape();
    const discarded = sumOf(page, "hairpin_probe_discarded_total");
    console.log(
      `${rate}/s: precision ${precision.toFixed(4)} (at least ${leastPrecision}), recall ${recall.toFixed(4)} (at least ${leastRecall}); ` +
        `${counts.hairpin.total} hairpins (${counts.hairpin.silent} called silent), ${counts.drop.total} drops, ${discarded} discarded, CPU of the agent ${(share * 100).toFixed(1)} %`,
    );
    if (!(precision >= leastPrecision && recall >= leastRecall) || counts.hairpin.silent > 0) process.exitCode = 1;
  });
}
