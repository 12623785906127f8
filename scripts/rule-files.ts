/** The alerting and recording rules, as Prometheus reads them: what documentation, manifests and tests are made from. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";

/** One rule; an alert has all but `record`. */
export interface Rule {
  readonly record?: string;
  readonly alert?: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface RuleGroup {
  readonly name: string;
  readonly rules: readonly Rule[];
}

const FOLDER = fileURLToPath(new URL("../rules/", import.meta.url));

/** File names in rules/, sorted. */
export const RULE_FILES: readonly string[] = readdirSync(FOLDER).sort();
export const pathOfRules = (file: string): string => join(FOLDER, file);
export const groupsIn = (file: string): readonly RuleGroup[] =>
  (parse(readFileSync(pathOfRules(file), "utf8")) as { groups: readonly RuleGroup[] }).groups;
