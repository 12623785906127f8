/** The image, built by its own Dockerfile and run: `npm run test:image`. Not a `.test.ts`: `npm test` does without it. */
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { notChecked, notRun } from "../support/not-checked.ts";
import { Buildah } from "./buildah.ts";
import { baseNames, canBuild, IMAGE, idleFlags, NODE, ROOT, reuseBuild, startAgent, WHAT_BUILDING_TAKES } from "./built.ts";
import { EmulatedImage } from "./emulated.ts";
import { servesAndEnds } from "./serving-agent.ts";
import { addStandIns } from "./stand-in.ts";

const { node, run } = baseNames();
const ARGUMENTS = ["--build-arg", "VERSION=1.2.3", "--build-arg", "REVISION=abc"];
const ownLabels = (labels: Readonly<Record<string, string>>): object =>
  Object.fromEntries(Object.entries(labels).filter(([name]) => name.startsWith("org.opencontainers.image.")));

if (!canBuild()) {
  notRun(`9 tests of the image. They take ${WHAT_BUILDING_TAKES}.`);
} else {
  const buildah = new Buildah();
  let container = "";
  before(() => {
    addStandIns(buildah, { node, run });
    buildah.build(ROOT, IMAGE, ARGUMENTS);
    container = buildah.from(IMAGE);
  });
  after(() => buildah[Symbol.dispose]());
  /** Runs JavaScript in the container. @returns what it evaluates to. */
  const evaluate = (script: string): unknown => JSON.parse(buildah.output(container, [NODE, "-p", `JSON.stringify(${script})`]));

  test("it runs as nobody in particular, and says what it is", () => {
    const { config } = buildah.configOf(IMAGE);
    assert.equal(config.User, "65532:65532");
    assert.deepEqual(Object.keys(config.ExposedPorts), ["9867/tcp"]);
    assert.deepEqual([config.Entrypoint[0], config.Entrypoint.at(-1), config.Cmd], [NODE, "/app/dist/main.js", ["agent"]]);
    const label = (name: string): string | undefined => config.Labels[`org.opencontainers.image.${name}`];
    assert.deepEqual([label("title"), label("version"), label("revision")], ["hairpin-probe", "1.2.3", "abc"]);
    assert.match(label("source") ?? "", /^https:\/\//);
    assert.equal(label("licenses"), "Apache-2.0");
    assert.deepEqual(evaluate("[process.getuid(), process.getgid()]"), [65_532, 65_532]);
  });

  test("it starts by its name, for kubectl exec", () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { version: string };
    assert.equal(buildah.output(container, ["hairpin-probe", "--version"]), version);
    assert.match(buildah.output(container, ["hairpin-probe", "check", "--help"]), /Exit code\n {2}0 +healthy/);
  });

  test("its user can write nowhere but in /tmp, and owns nothing", () => {
    const script = `(() => {
      const fs = require("node:fs");
      const found = [];
      const look = (path) => {
        if (["/proc", "/sys", "/dev", "/tmp", "/run"].includes(path)) return;
        const stat = fs.lstatSync(path);
        if (stat.isSymbolicLink()) return;
        let writable = true;
        try { fs.accessSync(path, fs.constants.W_OK); } catch { writable = false; }
        if (writable || stat.uid === 65532) found.push(path);
        if (stat.isDirectory()) { try { for (const name of fs.readdirSync(path)) look(path === "/" ? "/" + name : path + "/" + name); } catch {} }
      };
      look("/");
      return found;
    })()`;
    assert.deepEqual(evaluate(script), []);
  });

  test("it holds the bundle and its licences, no package and no source", () => {
    const files = evaluate('require("node:fs").readdirSync("/app", { recursive: true }).sort()') as readonly string[];
    assert.deepEqual(
      files.filter((file) => !/^dist\/[\w-]+\.js$/.test(file)),
      ["dist", "dist/THIRD-PARTY-LICENCES.txt", "dist/package.json", "package.json"],
    );
    const licences = evaluate('require("node:fs").readFileSync("/app/dist/THIRD-PARTY-LICENCES.txt", "utf8")') as string;
    for (const name of ["undici", "prom-client", "@kubernetes/client-node", "pino"]) {
      assert.match(licences, new RegExp(`^${name}: \\S+\\n`, "m"));
    }
  });

  test("the agent starts, serves, and ends when it is told to", async (t) => {
    const directory = mkdtempSync(join(tmpdir(), "image-"));
    t.after(() => rmSync(directory, { recursive: true }));
    chmodSync(directory, 0o755);
    await servesAndEnds(t, startAgent(buildah, container, directory));
  });

  test("its size", (t) => {
    const megabytes = buildah.sizeOf(IMAGE) / 1e6;
    t.diagnostic(`${megabytes} MB, of which the stand-in for the base image has ${buildah.sizeOf(run) / 1e6} MB`);
    assert.ok(megabytes < 250);
  });

  test("with a kubeconfig it says what is wrong with it: the part of the bundle that only this needs is there", () => {
    assert.throws(
      () => buildah.output(container, ["hairpin-probe", "audit", "--kubeconfig", "/nowhere"]),
      (error: Error) => /\/nowhere/.test(error.message),
    );
  });

  test("for capture it says the same of itself, runs the same, as root, and has tcpdump", (t) => {
    const build = mkdtempSync(join(tmpdir(), "image-build-"));
    t.after(() => rmSync(build, { recursive: true }));
    const name = `${IMAGE}-capture`;
    buildah.build(ROOT, name, ["--target", "capture", ...ARGUMENTS, ...reuseBuild(buildah.mount(container), build)]);
    const [here, plain] = [buildah.configOf(name).config, buildah.configOf(IMAGE).config];
    assert.deepEqual(ownLabels(here.Labels), ownLabels(plain.Labels));
    assert.deepEqual([here.Entrypoint, here.Cmd, here.ExposedPorts], [plain.Entrypoint, plain.Cmd, plain.ExposedPorts]);
    assert.equal(here.User, "root");
    const capture = buildah.from(name);
    assert.equal(
      buildah.output(capture, ["hairpin-probe", "--version"]),
      buildah.output(container, ["hairpin-probe", "--version"]),
    );
    assert.match(buildah.output(capture, ["tcpdump", "--version"]), /stand-in/);
  });

  test("for arm64 it is the same image: it is built, and its agent runs", async (t) => {
    if (process.arch !== "x64") {
      notChecked(t, `the image for arm64: on ${process.arch} there is nothing to emulate it for`);
      return;
    }
    using image = new EmulatedImage(ROOT, { node, run }, buildah.mount(container), `${IMAGE}-arm64`);
    const here = buildah.configOf(IMAGE);
    assert.deepEqual([here.architecture, image.config.architecture], ["amd64", "arm64"]);
    const { Labels: _, ...config } = image.config.config;
    const { Labels: __, ...expected } = here.config;
    assert.deepEqual(config, expected);
    assert.equal(image.output([NODE, "-p", "process.arch"]), "arm64");
    assert.match(image.output([NODE, "/app/dist/main.js", "check", "--help"]), /Exit code\n/);

    image.add("config/frontends.yaml", "services: []\n");
    const port = 19_869;
    const child = image.start([...config.Entrypoint, ...config.Cmd, ...idleFlags(port)]);
    await servesAndEnds(t, { process: child, port, signal: (name) => child.kill(name) });
  });
}
