import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findPromtool } from "../../scripts/promtool.mjs";
import { type Scenario, simulate } from "./simulated-cluster.ts";

const RULES = fileURLToPath(new URL("../../rules/", import.meta.url));
export const RULE_FILES: readonly string[] = readdirSync(RULES).map((file) => join(RULES, file));
const FIRING = 'ALERTS{alertstate="firing"}';
const SEED = 5;

/**
 * Evaluates all rules over the scenario, and demands that just these alerts fire: at some time, or still at the end.
 *
 * @returns false, said loudly by the caller, where there is no promtool.
 */
export function firesJust(scenario: Scenario, alerts: readonly string[], when: "ever" | "at the end" = "ever"): boolean {
  const promtool = findPromtool();
  if (promtool === undefined) return false;
  const directory = mkdtempSync(join(tmpdir(), "hairpin-probe-rules-"));
  try {
    const file = join(directory, "test.json");
    const series = simulate(scenario, SEED);
    const test = {
      interval: `${series.every}m`,
      input_series: series.render(),
      promql_expr_test: [
        {
          expr: `group by (alertname) (${when === "ever" ? `max_over_time(${FIRING}[1d])` : FIRING})`,
          eval_time: `${scenario.minutes}m`,
          exp_samples: alerts.map((alertname) => ({ labels: `{alertname="${alertname}"}`, value: 1 })),
        },
      ],
    };
    // The order in which a server would have them: what is recorded before what asks for it.
    const order = ["hairpin-probe.service", "hairpin-probe.statistics", "hairpin-probe.alerts", "hairpin-probe.agents"];
    writeFileSync(
      file,
      JSON.stringify({
        rule_files: RULE_FILES,
        evaluation_interval: `${scenario.nodes > 100 ? 5 : series.every}m`,
        group_eval_order: order,
        tests: [test],
      }),
    );
    const { status, stdout, stderr } = spawnSync(promtool, ["test", "rules", file], { encoding: "utf8" });
    assert.equal(status, 0, `${stdout}${stderr}`.slice(0, 3_000));
    return true;
  } finally {
    rmSync(directory, { recursive: true });
  }
}
