/** The way of the data, held: a stage imports the domain and itself; only the entry files wire. */
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const SRC = fileURLToPath(new URL("../src", import.meta.url));
/** What every stage may use: the words, and how they are written down. */
const SHARED = ["domain", "terminal"];
const STAGES = [
  "domain",
  "config",
  "discovery",
  "plan",
  "schedule",
  "probe",
  "evidence",
  "diagnosis",
  "metrics",
  "server",
  "status-page",
  "audit",
  "check",
  "verify",
  "terminal",
];

/** `[file, file it imports]`, both relative to src. */
const imports = globSync("**/*.ts", { cwd: SRC }).flatMap((file) =>
  [...readFileSync(resolve(SRC, file), "utf8").matchAll(/(?:from|import\() ?"(\.[^"]+)"/g)].map(
    ([, target = ""]) => [file, relative(SRC, resolve(SRC, dirname(file), target))] as const,
  ),
);

for (const stage of STAGES) {
  test(`${stage} imports ${stage === "domain" ? "nothing but itself" : "what is shared, and itself"}`, () => {
    const own = imports.filter(([file]) => file.startsWith(`${stage}/`));
    const shared = stage === "domain" ? [] : stage === "terminal" ? ["domain"] : SHARED;
    const isOwn = (target: string) => [stage, ...shared].some((folder) => target.startsWith(`${folder}/`));
    const foreign = own.filter(([, target]) => !isOwn(target));
    assert.deepEqual(foreign, []);
  });
}

test("every folder of src is a stage or wires them", () => {
  const folders = new Set(globSync("*/*.ts", { cwd: SRC }).map((file) => file.split("/")[0]));
  assert.deepEqual([...folders].sort(), [...STAGES, "cli"].sort());
});
