/** What others wrote and runs with the agent: where it comes from, and what it may do when it is installed. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { isAllowedLicence, licenceOf, runtimePackages } from "../../scripts/licences.ts";

const ROOT = new URL("../../", import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, ROOT), "utf8");
const packages = runtimePackages(read("package-lock.json"));

test("what runs is known: each dependency, and all that they depend on", () => {
  const { dependencies } = JSON.parse(read("package.json")) as { readonly dependencies: Readonly<Record<string, string>> };
  const paths = packages.map(({ path }) => path);
  for (const name of Object.keys(dependencies)) assert.ok(paths.includes(`node_modules/${name}`), name);
  assert.ok(paths.includes("node_modules/sonic-boom"), "of pino");
  assert.ok(!paths.includes("node_modules/esbuild"), "for development only");
});

test("no run-time package runs a script when it is installed", () => {
  for (const { path, hasInstallScript } of packages) {
    assert.notEqual(hasInstallScript, true, path);
    const file = `${path}/package.json`;
    if (!existsSync(new URL(file, ROOT))) continue;
    const { scripts = {} } = JSON.parse(read(file)) as { readonly scripts?: Readonly<Record<string, string>> };
    for (const when of ["preinstall", "install", "postinstall"]) assert.ok(!(when in scripts), `${when} of ${path}`);
    assert.ok(!existsSync(new URL(`${path}/binding.gyp`, ROOT)), `${path} is compiled when it is installed`);
  }
});

test("every run-time package comes from the registry that is asked, with its checksum in the lock file", () => {
  for (const { path, integrity, resolved } of packages) {
    assert.match(integrity ?? "", /^sha512-/, path);
    // Any address, of a repository or of a registry of somebody's, would be asked instead.
    assert.equal(resolved, undefined, path);
  }
});

test("every run-time package has a licence that is allowed", () => {
  for (const each of packages) assert.ok(isAllowedLicence(licenceOf(each)), `${each.path}: ${licenceOf(each)}`);
});

test("of licences to choose from one has to be allowed, of those that hold together all, and what is not understood is not", () => {
  for (const allowed of ["MIT", "(MIT OR GPL-3.0-only)", "MIT OR CC0-1.0", "MIT AND ISC"])
    assert.ok(isAllowedLicence(allowed), allowed);
  const refused = [
    "GPL-3.0-only",
    "MIT AND GPL-3.0-only",
    "SEE LICENSE IN LICENSE",
    "UNLICENSED",
    "",
    "(MIT AND (ISC OR GPL-2.0-only))",
  ];
  for (const each of refused) assert.ok(!isAllowedLicence(each), each);
  const root = fileURLToPath(ROOT);
  assert.equal(licenceOf({ path: "node_modules/nobody" }, root), "none that it names");
  assert.equal(licenceOf({ path: "node_modules/undici", license: "GPL-3.0-only" }, root), "MIT", "its own word counts");
});

test("the workflow installs without scripts, checks signatures of the registry, and licences", () => {
  const { jobs } = parse(read(".github/workflows/ci.yaml")) as {
    readonly jobs: Readonly<Record<string, { readonly steps: readonly { readonly run?: string }[] }>>;
  };
  const commands = jobs["supply-chain"]?.steps.flatMap(({ run }) => run ?? []).join("\n");
  assert.equal(commands?.trim(), "npm ci --ignore-scripts\nnpm audit signatures\nnode scripts/licences.ts");
  assert.match(read("Dockerfile"), /^RUN npm ci --ignore-scripts$/m);
  for (const file of ["ci", "release"])
    assert.doesNotMatch(read(`.github/workflows/${file}.yaml`), /npm (ci|install|i)(?! --ignore-scripts)/);
});
