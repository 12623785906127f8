/** The workflows under the linter that the field uses, and our own rules for them: `npm run test:tools`. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { findGoTool } from "../../scripts/go-tools.mjs";
import { noGoTool, notChecked } from "../support/not-checked.ts";

const DIRECTORY = fileURLToPath(new URL("../../.github/workflows/", import.meta.url));
const files = readdirSync(DIRECTORY);

interface Workflow {
  readonly permissions: object;
  readonly jobs: Readonly<
    Record<
      string,
      { readonly permissions?: object; readonly uses?: string; readonly steps?: readonly { readonly run?: string }[] }
    >
  >;
}

test("actionlint has nothing to say against the workflows", (t) => {
  const actionlint = findGoTool("actionlint");
  if (actionlint === undefined) {
    notChecked(t, noGoTool("actionlint"));
    return;
  }
  const lint = (paths: readonly string[], input = "") => {
    const { status, stdout, stderr } = spawnSync(actionlint, ["-no-color", ...paths], { input, encoding: "utf8" });
    return { status, said: stdout + stderr };
  };
  assert.deepEqual(lint(files.map((file) => `${DIRECTORY}${file}`)), { status: 0, said: "" });
  // The control: it would have.
  const wrong = readFileSync(`${DIRECTORY}release.yaml`, "utf8").replace(
    "needs.version.outputs.version",
    "needs.version.outputs.versoin",
  );
  assert.equal(lint(["-"], wrong).status, 1);
});

for (const file of files) {
  const text = readFileSync(`${DIRECTORY}${file}`, "utf8");

  test(`${file}: every action is named by its commit, with the version that this is`, () => {
    const uses = [...text.matchAll(/uses: (\S+)(.*)/g)];
    assert.ok(uses.length > 0);
    for (const [, action = "", rest = ""] of uses) {
      if (!action.startsWith("./")) assert.match(action + rest, /^[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
    }
  });

  test(`${file}: nothing is allowed but what a job names`, () => {
    const { permissions, jobs } = parse(text) as Workflow;
    assert.deepEqual(permissions, {});
    for (const [name, job] of Object.entries(jobs)) assert.ok(Object.keys(job.permissions ?? {}).length > 0, name);
  });

  test(`${file}: no expression is pasted into a script, where its text would be run`, () => {
    const { jobs } = parse(text) as Workflow;
    for (const step of Object.values(jobs).flatMap(({ steps = [] }) => steps)) assert.doesNotMatch(step.run ?? "", /\$\{\{/);
  });

  test(`${file}: in each job what our scripts import is installed before one of them runs`, () => {
    const { jobs } = parse(text) as Workflow;
    for (const [name, { steps = [] }] of Object.entries(jobs)) {
      const lines = steps.flatMap(({ run = "" }) => run.split("\n"));
      const firstScript = lines.findIndex((line) => /\bnode \S+\.ts\b/.test(line));
      const installed = lines.findIndex((line) => /\bnpm ci\b/.test(line));
      if (firstScript !== -1) assert.ok(installed !== -1 && installed < firstScript, `${name}: ${lines[firstScript]}`);
    }
  });
}

test("SECURITY.md has a command for everything that a release signs or attests", () => {
  const workflow = readFileSync(`${DIRECTORY}release.yaml`, "utf8");
  const signed = [
    ...workflow.matchAll(/cosign (sign|attest) .*?(?:--type (\S+) .*?)?"\$REGISTRY\/\$GITHUB_REPOSITORY(\S*)@/g),
  ].map(([, how, type, path = ""]) => `${how === "sign" ? "verify" : `verify-attestation --type ${type}`} ${path}`);
  assert.deepEqual(signed, ["verify ", "verify-attestation --type cyclonedx ", "verify /charts/hairpin-probe"]);
  const security = readFileSync(new URL("../../SECURITY.md", import.meta.url), "utf8");
  for (const each of signed) {
    const [command, path] = [each.slice(0, each.lastIndexOf(" ")), each.slice(each.lastIndexOf(" ") + 1)];
    assert.ok(security.includes(`cosign ${command} ghcr.io/hairpin-probe/hairpin-probe${path}:VERSION`), each);
  }
});
