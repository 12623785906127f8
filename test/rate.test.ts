/**
 * 200 attempts a second on one core, with and without frontends that drop silently: no healthy frontend is blamed, and no dropping one is
 * taken for anything else. How many of them start when they are due, and how many are discarded, is the machine's matter: `npm run bench`.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { DROPPING, HEALTHY, startFarmAgent } from "../bench/agent-run.ts";
import { startFrontendFarm } from "../bench/frontend-farm.ts";
import { inOwnSandbox } from "../lab/runner/own-sandbox.ts";
import { type Sample, sumOf } from "../src/domain/exposition.ts";
import { eventually } from "./support/waiting.ts";

const RATE = 200;
const FRONTENDS = 50;
/**
 * So many that they come in time only if no attempt waits for another: one after the other, with a timeout of three seconds for each that
 * is dropped, they would take a quarter of an hour.
 */
const ENOUGH = 1_200;
const MAX_MISTAKEN = 0.03;

const attempts = (page: readonly Sample[], zone: string): number =>
  sumOf(page, "hairpin_probe_attempts_total", { frontend_zone: zone });
const failures = (page: readonly Sample[], zone: string, labels: Readonly<Record<string, string>> = {}): number =>
  sumOf(page, "hairpin_probe_failures_total", { frontend_zone: zone, ...labels });

await inOwnSandbox(import.meta.filename, () => {
  for (const droppingShare of [0, 0.3]) {
    const title = droppingShare === 0 ? "" : ", with 30 % of the frontends silently dropping";
    test(`200 attempts/s on one core: no outcome is false, and none waits for another${title}`, async (t) => {
      const farm = await startFrontendFarm({ frontends: FRONTENDS, droppingShare, core: 1 });
      try {
        const agent = await startFarmAgent({ farm, rate: RATE, core: 0 });
        try {
          let page: readonly Sample[] = [];
          await eventually(async () => {
            page = await agent.scrape();
            assert.ok(attempts(page, HEALTHY) + attempts(page, DROPPING) >= ENOUGH);
          });
          t.diagnostic(`${sumOf(page, "hairpin_probe_discarded_total")} discarded`);
          assert.equal(failures(page, HEALTHY), 0);
          assert.equal(failures(page, DROPPING, { reason: "connect_timeout" }), attempts(page, DROPPING));
          assert.equal(failures(page, DROPPING), attempts(page, DROPPING));
          assert.equal(attempts(page, DROPPING) > 0, droppingShare > 0);
          // The server shares the agent's network namespace here, and a reset of its own may convict somebody.
          assert.ok(sumOf(page, "hairpin_probe_hairpins_total") <= MAX_MISTAKEN * attempts(page, DROPPING));
        } finally {
          await agent.close();
        }
      } finally {
        await farm.close();
      }
    });
  }
});
