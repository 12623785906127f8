import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findPrometheusTool } from "../../scripts/prometheus.mjs";

/** What a test says where there is none. */
export const NO_PROMTOOL = "there is no promtool here (Debian package prometheus)";

/**
 * Runs promtool on a file with this in it; JSON is YAML.
 *
 * @returns `undefined` where there is no promtool.
 */
export function runPromtool(command: readonly string[], content: object) {
  const promtool = findPrometheusTool("promtool");
  if (promtool === undefined) return undefined;
  const directory = mkdtempSync(join(tmpdir(), "hairpin-probe-promtool-"));
  try {
    const file = join(directory, "input.json");
    writeFileSync(file, JSON.stringify(content));
    const { status, stdout, stderr } = spawnSync(promtool, [...command, file], { encoding: "utf8" });
    return { status, stdout, stderr };
  } finally {
    rmSync(directory, { recursive: true });
  }
}
