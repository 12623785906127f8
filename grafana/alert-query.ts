/** An alert's own expression as a query of the board: what a panel says of an alert is what the alert asks. */
import { groupsIn, RULE_FILES } from "../scripts/rule-files.ts";
import { SCOPE } from "./queries.ts";

const RULES = RULE_FILES.flatMap(groupsIn).flatMap(({ rules }) => rules);
const RECORDED = /\w+:hairpin_probe_\w+(?::\w+)*/g;
/** A series of the agents', with its matchers if it has any. */
const SERIES = /(?<![\w:])(hairpin_probe_\w+)(?:\{([^}]*)\})?/g;

/**
 * @returns The expression without what is recorded, which a Prometheus without the rules does not have, and narrowed to what the reader
 * of the board has chosen.
 */
export function alertQuery(name: string): string {
  const alert = RULES.find((rule) => rule.alert === name);
  if (alert === undefined) throw new Error(`${name}: no such alert in rules/`);
  return expanded(alert.expr)
    .replaceAll(
      SERIES,
      (_, series: string, matchers?: string) => `${series}{${[SCOPE, ...(matchers ? [matchers] : [])].join(", ")}}`,
    )
    .replaceAll(/\s+/g, " ")
    .trim();
}

function expanded(expr: string): string {
  return expr.replaceAll(RECORDED, (record) => {
    const rule = RULES.find((each) => each.record === record);
    if (rule === undefined) throw new Error(`${record}: nothing in rules/ records it`);
    return `(${expanded(rule.expr)})`;
  });
}
