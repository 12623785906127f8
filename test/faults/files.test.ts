/** No file descriptor left: a real agent at work has its limit lowered below what it needs, and raised again. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { startFarmAgent } from "../../bench/agent-run.ts";
import { startFrontendFarm } from "../../bench/frontend-farm.ts";
import { inOwnSandbox } from "../../lab/runner/own-sandbox.ts";
import { type Sample, sumOf } from "../../src/domain/exposition.ts";
import { eventually } from "../support/waiting.ts";

/** At 100 attempts a second 30 % of which take 3 s, 90 are in flight. */
const RATE = 100;
const TOO_FEW = 60;
const ENOUGH = 1_000;

const shortages = (page: readonly Sample[]): number => sumOf(page, "hairpin_probe_discarded_total", { why: "shortage" });
const attempts = (page: readonly Sample[]): number => sumOf(page, "hairpin_probe_attempts_total");
const failuresBut = (page: readonly Sample[], reason: string): number =>
  sumOf(page, "hairpin_probe_failures_total") - sumOf(page, "hairpin_probe_failures_total", { reason });

await inOwnSandbox(import.meta.filename, () => {
  test("an agent without a file descriptor left discards attempts as shortage, blames no frontend, and recovers by itself", async () => {
    const farm = await startFrontendFarm({ frontends: 20, droppingShare: 0.3, core: 1 });
    try {
      const agent = await startFarmAgent({ farm, rate: RATE, core: 0 });
      const limitFiles = (files: number) => execFileSync("prlimit", ["--pid", String(agent.pid), `--nofile=${files}:`]);
      try {
        limitFiles(TOO_FEW);
        let page: readonly Sample[] = [];
        await eventually(async () => {
          page = await agent.scrape();
          assert.ok(shortages(page) >= 100, `${shortages(page)} discarded`);
        });
        assert.equal(failuresBut(page, "connect_timeout"), 0);
        limitFiles(ENOUGH);
        // Attempts that end from here on began with files enough, once those from before are over.
        let before = await agent.scrape();
        await eventually(async () => {
          const now = await agent.scrape();
          const isOver = shortages(now) === shortages(before);
          const more = attempts(now) - attempts(before);
          if (!isOver) before = now;
          assert.ok(isOver && more >= 5 * RATE, `${more} attempts since the last shortage`);
        });
        const after = await agent.scrape();
        assert.equal(failuresBut(after, "connect_timeout"), 0);
        const timeouts = sumOf(after, "hairpin_probe_failures_total", { reason: "connect_timeout" });
        const healthy = attempts(after) - timeouts;
        assert.ok(healthy > 0 && timeouts > 0);
      } finally {
        await agent.close();
      }
    } finally {
      await farm.close();
    }
  });
});
