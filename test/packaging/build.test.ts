import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, globSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { isBuiltin } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { DEFINITIONS } from "../../src/config/definitions.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");

/** An entry of package-lock.json: whom it is for, and where it runs. */
interface LockedPackage {
  readonly dev?: boolean;
  readonly optional?: boolean;
  /** Needed by development, and by a production package only if it likes. */
  readonly devOptional?: boolean;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly hasInstallScript?: boolean;
}

/** What the image holds, but for the development packages that a link to node_modules brings along. */
const image = mkdtempSync(join(tmpdir(), "hairpin-probe-build-"));
after(() => rmSync(image, { recursive: true }));
before(() => {
  copyFileSync(join(ROOT, "package.json"), join(image, "package.json"));
  symlinkSync(join(ROOT, "node_modules"), join(image, "node_modules"));
  const tsc = join(ROOT, "node_modules/.bin/tsc");
  execFileSync(tsc, ["-p", join(ROOT, "tsconfig.build.json"), "--outDir", join(image, "dist")]);
});

const run = (...args: readonly string[]): string => execFileSync(process.execPath, args, { cwd: "/", encoding: "utf8" });
const entry = join(image, "dist/cli/main.js");

test("the compiled program knows its version and its flags", () => {
  assert.equal(run(entry, "--version").trim(), JSON.parse(read("package.json")).version);
  assert.match(run(entry, "agent", "--help"), /--metrics-address HOST:PORT/);
});

test("the compiled program starts by its own name, by a link from the PATH, as kubectl exec does it", () => {
  assert.match(read("Dockerfile"), /^RUN ln -s \/app\/dist\/cli\/main\.js \/usr\/local\/bin\/hairpin-probe$/m);
  assert.match(read("Dockerfile"), /chmod 755 dist\/cli\/main\.js/);
  chmodSync(entry, 0o755);
  const link = join(image, "hairpin-probe");
  symlinkSync(entry, link);
  assert.match(execFileSync(link, ["check", "--help"], { encoding: "utf8" }), /Exit code\n {2}0 {2}healthy/);
});

test("everything that the compiled agent imports is there", () => {
  const agent = pathToFileURL(join(image, "dist/cli/agent.js")).href;
  assert.equal(run("--input-type=module", "-e", `console.log(typeof (await import("${agent}")).runAgentCommand)`), "function\n");
});

test("what the image runs needs production packages only", () => {
  const { dependencies } = JSON.parse(read("package.json")) as { readonly dependencies: Readonly<Record<string, string>> };
  const files = globSync("dist/**/*.js", { cwd: image });
  assert.ok(files.length > 40, String(files.length));
  const needed = new Set<string>();
  for (const file of files) {
    const text = readFileSync(join(image, file), "utf8");
    const imports = text.matchAll(/^(?:import|export|\}) ?(?:.* from )?"([^".][^"]*)"|import\("([^".][^"]*)"\)/gm);
    for (const [, fixed, deferred] of imports) {
      const name = fixed ?? deferred ?? "";
      if (!isBuiltin(name)) needed.add(name);
    }
  }
  assert.ok(needed.has("prom-client") && needed.has("@kubernetes/client-node"), [...needed].join());
  for (const name of needed) assert.ok(Object.hasOwn(dependencies, name), `${name} is not among the dependencies`);
});

test("no package of the image is for one platform only, or needs a script to install", () => {
  assert.match(read("Dockerfile"), /npm ci --ignore-scripts\n.*npm prune --omit=dev --omit=optional --ignore-scripts\n/s);
  const { packages } = JSON.parse(read("package-lock.json")) as { readonly packages: Readonly<Record<string, LockedPackage>> };
  const kept = Object.entries(packages).filter(
    ([path, { dev, optional, devOptional }]) => path !== "" && !(dev || optional || devOptional),
  );
  assert.ok(kept.length > 50, String(kept.length));
  for (const [path, { os, cpu, hasInstallScript }] of kept) assert.ok(!(os || cpu || hasInstallScript), path);
});

test("the Dockerfile copies only what the build context has, and runs the compiled entry as an unprivileged user", () => {
  const dockerfile = read("Dockerfile");
  const context = read(".dockerignore")
    .split("\n")
    .filter((line) => line.startsWith("!"));
  const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, sources = ""]) => sources.split(" "));
  assert.ok(copied.includes("src"));
  for (const source of copied) assert.ok(context.includes(`!${source}`), `${source} is not in the build context`);
  const last = dockerfile.slice(dockerfile.lastIndexOf("\nFROM "));
  assert.match(last, /^USER 65532:65532$/m);
  assert.match(last, /^ENTRYPOINT \["node", ("--[a-z0-9=-]+", )*"\/app\/dist\/cli\/main\.js"\]$/m);
  assert.equal(`:${/^EXPOSE (\d+)$/m.exec(last)?.[1]}`, DEFINITIONS.metricsAddress.default);
});
