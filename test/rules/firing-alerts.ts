import assert from "node:assert/strict";
import { groupsIn, pathOfRules, RULE_FILES } from "../../scripts/rule-files.ts";
import { startPromtool } from "../support/promtool.ts";
import type { InputSeries } from "./input-series.ts";
import { type Scenario, simulate } from "./simulated-cluster.ts";

const FIRING = 'ALERTS{alertstate="firing"}';
const SEED = 5;

/**
 * Evaluates all rules over the scenario, and demands that just these alerts fire: at some time, or still at the end.
 *
 * @returns false, said loudly by the caller, where there is no promtool.
 */
export function firesJust(scenario: Scenario, alerts: readonly string[], when: "ever" | "at the end" = "ever"): Promise<boolean> {
  return holds(simulate(scenario, SEED), {
    promql_expr_test: [
      {
        expr: `group by (alertname) (${when === "ever" ? `max_over_time(${FIRING}[1d])` : FIRING})`,
        eval_time: `${scenario.minutes}m`,
        exp_samples: alerts.map((alertname) => ({ labels: `{alertname="${alertname}"}`, value: 1 })),
      },
    ],
  });
}

/**
 * Demands that the alert fires at the end with just these labels and descriptions, and its own severity, summary and runbook.
 *
 * @returns false, said loudly by the caller, where there is no promtool.
 */
export function says(
  scenario: Scenario,
  alert: string,
  said: readonly (readonly [labels: Readonly<Record<string, string>>, description: string])[],
): Promise<boolean> {
  const rule = RULE_FILES.flatMap(groupsIn)
    .flatMap(({ rules }) => rules)
    .find((each) => each.alert === alert);
  const exp_alerts = said.map(([labels, description]) => ({
    exp_labels: { ...rule?.labels, ...labels },
    exp_annotations: { ...rule?.annotations, description },
  }));
  return holds(simulate(scenario, SEED), {
    alert_rule_test: [{ eval_time: `${scenario.minutes}m`, alertname: alert, exp_alerts }],
  });
}

/** @param tests - What promtool is to find at which time. */
async function holds(series: InputSeries, tests: object): Promise<boolean> {
  const said = await startPromtool(["test", "rules"], {
    rule_files: RULE_FILES.map(pathOfRules),
    evaluation_interval: `${series.every > 1 ? 5 : 1}m`,
    // As a server would have them: what is recorded before what asks for it.
    group_eval_order: ["hairpin-probe.service", "hairpin-probe.statistics", "hairpin-probe.alerts", "hairpin-probe.agents"],
    tests: [{ interval: `${series.every}m`, input_series: series.render(), ...tests }],
  });
  if (said === undefined) return false;
  assert.equal(said.status, 0, `${said.stdout}${said.stderr}`.slice(0, 3_000));
  return true;
}
