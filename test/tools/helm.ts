import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseAllDocuments } from "yaml";
import { findGoTool } from "../../scripts/go-tools.mjs";
import type { Manifest } from "./kustomize.ts";

export const CHART = fileURLToPath(new URL("../../charts/hairpin-probe/", import.meta.url));

export interface Said {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs helm with values; without a kubeconfig on nothing but the chart.
 *
 * @returns `undefined` where there is no helm.
 */
export function helm(command: readonly string[], values?: object, kubeconfig = "/nonexistent"): Said | undefined {
  const program = findGoTool("helm");
  if (program === undefined) return undefined;
  const directory = mkdtempSync(join(tmpdir(), "helm-"));
  try {
    const file = join(directory, "values.json");
    writeFileSync(file, JSON.stringify(values ?? {}));
    const env = { PATH: process.env.PATH, HOME: directory, KUBECONFIG: kubeconfig };
    const { status, stdout, stderr } = spawnSync(program, values === undefined ? command : [...command, "--values", file], {
      encoding: "utf8",
      env,
    });
    return { status, stdout, stderr };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** The objects that `helm install` would make. @throws Error with what helm said, when it refuses. */
export function render(values: object, flags: readonly string[] = [], chart = CHART): readonly Manifest[] | undefined {
  const said = helm(
    ["template", "hairpin-probe", chart, "--namespace", "hairpin-probe", "--kube-version", "1.34.0", ...flags],
    values,
  );
  if (said === undefined) return undefined;
  if (said.status !== 0) throw new Error(said.stderr);
  return parseAllDocuments(said.stdout)
    .map((document) => {
      // Helm itself lets a key through that is there twice.
      if (document.errors[0] !== undefined) throw document.errors[0];
      return document.toJS() as Manifest;
    })
    .filter((manifest) => manifest !== null);
}

/**
 * What `helm install` would print at its end. It renders that for a cluster only, so that a copy of the chart has it as an object.
 *
 * @throws Error with what helm said, when it refuses.
 */
export function notes(values: object): string | undefined {
  const copy = mkdtempSync(join(tmpdir(), "chart-"));
  try {
    cpSync(CHART, copy, { recursive: true });
    const text = readFileSync(join(copy, "templates/NOTES.txt"), "utf8");
    writeFileSync(join(copy, "templates/_notes.tpl"), `{{- define "notes" -}}\n${text}{{- end }}`);
    const object = 'kind: ConfigMap\nmetadata: { name: notes }\ndata:\n  notes: {{ include "notes" . | toJson }}\n';
    writeFileSync(join(copy, "templates/notes.yaml"), object);
    return render(values, [], copy)?.find(({ metadata }) => metadata.name === "notes")?.data.notes;
  } finally {
    rmSync(copy, { recursive: true });
  }
}

/** What the README says that `helm install` prints: the keys before the notes, and the notes. */
export function printedInReadme(): { readonly keys: readonly string[]; readonly notes: string } {
  const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
  const [, head = "", notes = ""] = /```text\n(NAME: [\s\S]*?\nNOTES:)\n([\s\S]*?)\n```/.exec(readme) ?? [];
  return { keys: keysOf(head), notes };
}

/** The keys of what `helm install` prints, NOTES the last. */
export const keysOf = (printed: string): readonly string[] =>
  [...printed.replace(/^NOTES:[\s\S]*/m, "NOTES:").matchAll(/^([A-Z ]+):/gm)].map(([, key = ""]) => key);
