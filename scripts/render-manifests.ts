/**
 * What manifests/ holds of files that live elsewhere, in the form that Kubernetes takes: `npm run manifests` writes it, a test holds the
 * files to it.
 */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { stringify } from "yaml";
import { renderBoard } from "../grafana/board.ts";
import { CHART_SCHEMA } from "./chart-schema.ts";
import { groupsIn, RULE_FILES } from "./rule-files.ts";

const NAME = "hairpin-probe";

const ruleGroups = (): readonly object[] => RULE_FILES.flatMap(groupsIn);
const MADE_OF = "# Made of the rule files in rules/ by npm run manifests.\n";
const yaml = (value: object): string => `${MADE_OF}${stringify(value, { lineWidth: 0 })}`;

/** The rules as an object of the Prometheus operator. */
function renderPrometheusRule(): string {
  const metadata = { name: NAME, namespace: NAME, labels: { "app.kubernetes.io/name": NAME } };
  return yaml({ apiVersion: "monitoring.coreos.com/v1", kind: "PrometheusRule", metadata, spec: { groups: ruleGroups() } });
}

const board = (): string => `${JSON.stringify(renderBoard(), null, 2)}\n`;

/** The generated files by their path in the project. */
export const GENERATED: Readonly<Record<string, () => string>> = {
  "manifests/components/rules/prometheusrule.yaml": renderPrometheusRule,
  "manifests/components/board/hairpin-probe.json": board,
  "charts/hairpin-probe/files/rules.yaml": () => yaml({ groups: ruleGroups() }),
  "charts/hairpin-probe/files/board.json": board,
  "charts/hairpin-probe/values.schema.json": () => `${JSON.stringify(CHART_SCHEMA, null, 2)}\n`,
};

if (import.meta.main) {
  for (const [path, render] of Object.entries(GENERATED))
    writeFileSync(fileURLToPath(new URL(`../${path}`, import.meta.url)), render());
}
