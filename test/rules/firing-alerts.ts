import assert from "node:assert/strict";
import { pathOfRules, RULE_FILES } from "../../scripts/rule-files.ts";
import { runPromtool } from "../support/promtool.ts";
import { type Scenario, simulate } from "./simulated-cluster.ts";

const FIRING = 'ALERTS{alertstate="firing"}';
const SEED = 5;

/**
 * Evaluates all rules over the scenario, and demands that just these alerts fire: at some time, or still at the end.
 *
 * @returns false, said loudly by the caller, where there is no promtool.
 */
export function firesJust(scenario: Scenario, alerts: readonly string[], when: "ever" | "at the end" = "ever"): boolean {
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
  const said = runPromtool(["test", "rules"], {
    rule_files: RULE_FILES.map(pathOfRules),
    evaluation_interval: `${series.every > 1 ? 5 : 1}m`,
    // As a server would have them: what is recorded before what asks for it.
    group_eval_order: ["hairpin-probe.service", "hairpin-probe.statistics", "hairpin-probe.alerts", "hairpin-probe.agents"],
    tests: [test],
  });
  if (said === undefined) return false;
  assert.equal(said.status, 0, `${said.stdout}${said.stderr}`.slice(0, 3_000));
  return true;
}
