/**
 * What CHANGELOG.md says of a version: `node scripts/release-notes.ts v1.2.3`. It refuses a version that package.json, the chart and the
 * changelog do not all have.
 */
import { readFileSync } from "node:fs";
import { parse } from "yaml";

/** The texts of the files that name the version. */
export interface VersionedFiles {
  readonly packageJson: string;
  readonly chart: string;
  readonly changelog: string;
}

/**
 * @param tag - Such as `v1.2.3`.
 * @returns The section of the changelog, without its heading.
 * @throws Error with each file that has another version, or none.
 */
export function releaseNotes(tag: string, files: VersionedFiles): string {
  const version = /^v(\d+\.\d+\.\d+)$/.exec(tag)?.[1];
  if (version === undefined) throw new Error(`tag: got ${JSON.stringify(tag)}, expected one such as v1.2.3`);
  const { version: packaged } = JSON.parse(files.packageJson) as { readonly version: string };
  const chart = parse(files.chart) as { readonly version: string; readonly appVersion: string };
  const notes = sectionOf(files.changelog, version);
  const found = { "package.json": packaged, "Chart.yaml, version": chart.version, "Chart.yaml, appVersion": chart.appVersion };
  const wrong = Object.entries(found)
    .filter(([, each]) => each !== version)
    .map(([where, each]) => `${where}: got ${each}, expected ${version}`);
  if (notes === undefined) wrong.push(`CHANGELOG.md: has no section "## ${version}"`);
  if (wrong.length > 0 || notes === undefined) throw new Error(wrong.join("\n"));
  return notes;
}

/** From its heading, which may go on with a date, to the next one. */
function sectionOf(changelog: string, version: string): string | undefined {
  const sections = changelog.split(/^## /m).slice(1);
  const section = sections.find((text) => text.split(/\s/, 1)[0] === version);
  return section?.slice(section.indexOf("\n")).trim();
}

if (import.meta.main) {
  const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");
  const files = {
    packageJson: read("package.json"),
    chart: read("charts/hairpin-probe/Chart.yaml"),
    changelog: read("CHANGELOG.md"),
  };
  try {
    process.stdout.write(`${releaseNotes(process.argv[2] ?? "", files)}\n`);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
