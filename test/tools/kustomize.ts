import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseAllDocuments } from "yaml";
import { findGoTool } from "../../scripts/go-tools.mjs";

const MANIFESTS = fileURLToPath(new URL("../../manifests/", import.meta.url));
export const COMPONENTS = [
  "pod-monitor",
  "rules",
  "board",
  "network-policy",
  "capture",
  "pod-address",
  "tls",
  "client-certificates",
] as const;
export type Component = (typeof COMPONENTS)[number];

/** Objects of several kinds, as loose as what a parser returns; each test asserts what it reads. */
export type Manifest = ReturnType<typeof JSON.parse>;

/**
 * The objects that `kubectl apply -k` would send.
 *
 * @param what - The base with these components, as a user puts them together, or an overlay that we ship.
 * @returns `undefined` where there is no kustomize.
 * @throws Error with what kustomize said, when it refuses.
 */
export function build(what: readonly Component[] | "eks"): readonly Manifest[] | undefined {
  const kustomize = findGoTool("kustomize");
  if (kustomize === undefined) return undefined;
  if (what === "eks") return run(kustomize, join(MANIFESTS, "overlays/eks"));
  const directory = mkdtempSync(join(tmpdir(), "kustomize-"));
  try {
    const path = (folder: string): string => relative(directory, join(MANIFESTS, folder));
    const components = what.map((component) => path(`components/${component}`));
    // JSON is YAML.
    writeFileSync(join(directory, "kustomization.yaml"), JSON.stringify({ resources: [path("base")], components }));
    return run(kustomize, directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function run(kustomize: string, directory: string): readonly Manifest[] {
  const { status, stdout, stderr } = spawnSync(kustomize, ["build", directory], { encoding: "utf8" });
  if (status !== 0 || stderr !== "") throw new Error(`kustomize build ${directory}: ${stderr}`);
  return parseAllDocuments(stdout).map((document) => document.toJS() as Manifest);
}

/** The one object of a kind. @throws Error when there is none, or more than one. */
export function only(manifests: readonly Manifest[], kind: string, name = "hairpin-probe"): Manifest {
  const found = manifests.filter((manifest) => manifest.kind === kind && manifest.metadata.name === name);
  if (found.length !== 1) throw new Error(`${found.length} of kind ${kind} with the name ${name}`);
  return found[0];
}
