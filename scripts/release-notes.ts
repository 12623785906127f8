/**
 * What CHANGELOG.md says of a version: `node scripts/release-notes.ts v1.2.3`. It refuses a version that package.json, the image, the
 * chart, the manifests, the README and the changelog do not all have.
 */
import { readFileSync } from "node:fs";
import { parse } from "yaml";

/** The texts of the files that name the version. */
export interface VersionedFiles {
  readonly packageJson: string;
  readonly dockerfile: string;
  readonly chart: string;
  /** Of kustomize: the base, and the component `capture`. */
  readonly base: string;
  readonly capture: string;
  readonly readme: string;
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
  const notes = sectionOf(files.changelog, version);
  const wrong = versionsIn(files)
    .filter(([, each]) => each !== version)
    .map(([where, each]) => `${where}: got ${each}, expected ${version}`);
  if (notes === undefined) wrong.push(`CHANGELOG.md: has no section "## ${version}"`);
  if (wrong.length > 0 || notes === undefined) throw new Error(wrong.join("\n"));
  return notes;
}

/** Every place but the changelog that names the version, with what it says; `undefined` where it names none. */
export function versionsIn(files: VersionedFiles): readonly (readonly [where: string, version: string | undefined])[] {
  const { version: packaged } = JSON.parse(files.packageJson) as { readonly version: string };
  const chart = parse(files.chart) as { readonly version: string; readonly appVersion: string };
  return [
    ["package.json", packaged],
    ["Dockerfile, VERSION", /^ARG VERSION=(\S+)$/m.exec(files.dockerfile)?.[1]],
    ["Chart.yaml, version", chart.version],
    ["Chart.yaml, appVersion", chart.appVersion],
    ["manifests/base, newTag", tagIn(files.base)],
    ["manifests/components/capture, newTag without -capture", /^(.*)-capture$/.exec(tagIn(files.capture) ?? "")?.[1]],
    ["README.md, helm install --version", /^helm install .* --version (\S+)/m.exec(files.readme)?.[1]],
    ["README.md, kubectl apply -k ?ref=v", /^kubectl apply .*\?ref=v([^'"\s]+)/m.exec(files.readme)?.[1]],
  ];
}

function tagIn(kustomization: string): string | undefined {
  const { images } = parse(kustomization) as { readonly images: readonly { readonly newTag?: string }[] };
  return images[0]?.newTag;
}

/** From its heading, which may go on with a date, to the next one. */
function sectionOf(changelog: string, version: string): string | undefined {
  const sections = changelog.split(/^## /m).slice(1);
  const section = sections.find((text) => text.split(/\s/, 1)[0] === version);
  return section?.slice(section.indexOf("\n")).trim();
}

/** The files as they are in the project. */
export function readVersionedFiles(): VersionedFiles {
  const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");
  return {
    packageJson: read("package.json"),
    dockerfile: read("Dockerfile"),
    chart: read("charts/hairpin-probe/Chart.yaml"),
    base: read("manifests/base/kustomization.yaml"),
    capture: read("manifests/components/capture/kustomization.yaml"),
    readme: read("README.md"),
    changelog: read("CHANGELOG.md"),
  };
}

if (import.meta.main) {
  try {
    process.stdout.write(`${releaseNotes(process.argv[2] ?? "", readVersionedFiles())}\n`);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
