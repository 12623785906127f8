/**
 * What manifests/ holds of files that live elsewhere, in the form that Kubernetes takes: `npm run manifests` writes it, a test holds the
 * files to it.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parse, stringify } from "yaml";
import { renderBoard } from "../grafana/board.ts";

const RULES = new URL("../rules/", import.meta.url);
const NAME = "hairpin-probe";

/** All rule files as one object of the Prometheus operator. */
function renderPrometheusRule(): string {
  const groups = readdirSync(RULES)
    .sort()
    .flatMap((file) => (parse(readFileSync(new URL(file, RULES), "utf8")) as { groups: readonly object[] }).groups);
  const metadata = { name: NAME, namespace: NAME, labels: { "app.kubernetes.io/name": NAME } };
  const rule = { apiVersion: "monitoring.coreos.com/v1", kind: "PrometheusRule", metadata, spec: { groups } };
  return `# Made of the rule files in rules/ by npm run manifests.\n${stringify(rule, { lineWidth: 0 })}`;
}

/** The generated files by their path in the project. */
export const GENERATED: Readonly<Record<string, () => string>> = {
  "manifests/components/rules/prometheusrule.yaml": renderPrometheusRule,
  "manifests/components/board/hairpin-probe.json": () => `${JSON.stringify(renderBoard(), null, 2)}\n`,
};

if (import.meta.main) {
  for (const [path, render] of Object.entries(GENERATED))
    writeFileSync(fileURLToPath(new URL(`../${path}`, import.meta.url)), render());
}
