import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { bundle, LICENCES } from "../../scripts/bundle.ts";
import { DEFINITIONS } from "../../src/config/definitions.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");

/** An entry of package-lock.json: whom it is for, and where it runs. */
interface LockedPackage {
  readonly dev?: boolean;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly hasInstallScript?: boolean;
}

describe("the bundled program", () => {
  /** /app, as the image has it. */
  const app = mkdtempSync(join(tmpdir(), "hairpin-probe-build-"));
  const entry = join(app, "dist/main.js");
  let packages: readonly string[] = [];
  after(() => rmSync(app, { recursive: true }));
  before(async () => {
    packages = await bundle(join(app, "dist"));
    copyFileSync(join(ROOT, "package.json"), join(app, "package.json"));
  });

  const run = (...args: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: "/", encoding: "utf8" });
    return { status, stdout, stderr };
  };

  test("the bundled program knows its version and its flags", () => {
    assert.equal(run(entry, "--version").stdout.trim(), JSON.parse(read("package.json")).version);
    assert.match(run(entry, "agent", "--help").stdout, /--metrics-address HOST:PORT/);
  });

  test("the bundled program can be started by itself, and through a link, as kubectl exec does it", () => {
    assert.match(readFileSync(entry, "utf8"), /^#!\/usr\/local\/bin\/node\n/);
    assert.equal(statSync(entry).mode & 0o777, 0o755);
    assert.match(read("Dockerfile"), /ln -s \/app\/dist\/main\.js \/image\/usr\/local\/bin\/hairpin-probe$/m);
    const link = join(app, "hairpin-probe");
    symlinkSync(entry, link);
    assert.match(run(link, "check", "--help").stdout, /Exit code\n {2}0 +healthy/);
  });

  test("each command has all of its imports in the bundle, a kubeconfig's too", () => {
    const nowhere = ["--kubeconfig", "/nowhere"];
    for (const command of [["agent", "--node-name", "n1"], ["audit"], ["check", "shop/web"]]) {
      const { status, stderr } = run(entry, ...command, ...nowhere);
      assert.match(stderr, /\/nowhere/, command.join(" "));
      assert.ok(status !== 0 && status !== 70, `${command.join(" ")} ended with ${status}: ${stderr}`);
    }
    const { status, stderr } = run(entry, "verify", "shop/web", "--prometheus", "http://127.0.0.1:1", "--at", "1h ago");
    assert.match(stderr, /127\.0\.0\.1:1.*ECONNREFUSED/);
    assert.equal(status, 4);
  });

  test("what is bundled comes from production packages, none of which is for one platform or needs a script to install", () => {
    const { packages: locked } = JSON.parse(read("package-lock.json")) as {
      readonly packages: Readonly<Record<string, LockedPackage>>;
    };
    for (const name of ["@kubernetes/client-node", "pino", "prom-client", "undici", "valibot", "yaml"])
      assert.ok(packages.includes(name), name);
    for (const name of packages) {
      const { dev, os, cpu, hasInstallScript } =
        locked[`node_modules/${name}`] ?? assert.fail(`${name} is not in package-lock.json`);
      assert.ok(!(dev || os || cpu || hasInstallScript), name);
    }
  });

  test("the licence of every package that is bundled comes with it", () => {
    const text = readFileSync(join(app, "dist", LICENCES), "utf8");
    for (const name of packages) assert.match(text, new RegExp(`^${name}: \\S+`, "m"));
  });

  test("the Dockerfile copies only what the build context has, and runs the bundle as an unprivileged user", () => {
    const dockerfile = read("Dockerfile");
    const context = read(".dockerignore")
      .split("\n")
      .filter((line) => line.startsWith("!"));
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, sources = ""]) => sources.split(" "));
    assert.ok(copied.includes("src"));
    for (const source of copied) assert.ok(context.includes(`!${source}`), `${source} is not in the build context`);
    const last = dockerfile.slice(dockerfile.lastIndexOf("\nFROM "));
    assert.match(last, /^USER 65532:65532$/m);
    assert.equal(`:${/^EXPOSE (\d+)$/m.exec(last)?.[1]}`, DEFINITIONS.metricsAddress.default);
    const entries = [...dockerfile.matchAll(/^ENTRYPOINT (.*)$/gm)].map(([, command]) => command);
    assert.equal(entries.length, 2);
    assert.equal(new Set(entries).size, 1, "the image for capture runs the same");
    const labels = [...dockerfile.matchAll(/^(?:ARG .*\n)+LABEL (?:.*\\\n)*.*$/gm)].map(([text]) => text);
    assert.equal(labels.length, 2);
    assert.equal(new Set(labels).size, 1, "and says the same of itself");
    assert.match(entries[0] ?? "", /^\["\/usr\/local\/bin\/node", ("--[a-z0-9=-]+", )*"\/app\/dist\/main\.js"\]$/);
  });
});
