/** The image, built by its own Dockerfile and run: `npm run test:image`. Not a `.test.ts`: `npm test` does without it. */
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Buildah, signalInside } from "./buildah.ts";
import { EmulatedImage } from "./emulated.ts";
import { type StartedAgent, servesAndEnds } from "./serving-agent.ts";
import { addStandIns } from "./stand-in.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const IMAGE = "hairpin-probe";
const NODE = "/usr/local/bin/node";

const dockerfile = readFileSync(join(ROOT, "Dockerfile"), "utf8");
const bases = [...dockerfile.matchAll(/^FROM (?:--platform=\S+ )?(\S+:\S+)/gm)].map(([, name = ""]) => name);
const [node, run] = [bases[0] ?? "", bases.at(-1) ?? ""];

if (!Buildah.isHere() || process.getuid?.() !== 0) {
  console.error("NOT RUN: 8 tests of the image. They take buildah (Debian package buildah) and root.");
} else {
  const buildah = new Buildah();
  let container = "";
  before(() => {
    addStandIns(buildah, { node, run });
    buildah.build(ROOT, IMAGE, ["--build-arg", "VERSION=1.2.3", "--build-arg", "REVISION=abc"]);
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

  test("for arm64 it is the same image: it is built, and its agent runs", {
    skip: process.arch !== "x64" && "this machine is none that emulates it",
  }, async (t) => {
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
    const child = image.start([...config.Entrypoint, ...config.Cmd, ...agentFlags(port)]);
    await servesAndEnds(t, { process: child, port, signal: (name) => child.kill(name) });
  });
}

const agentFlags = (port: number): readonly string[] => [
  "--frontends",
  "/config/frontends.yaml",
  "--node-name",
  "n1",
  "--metrics-address",
  `127.0.0.1:${port}`,
];

function startAgent(buildah: Buildah, container: string, directory: string): StartedAgent {
  const { config } = buildah.configOf(IMAGE);
  writeFileSync(join(directory, "frontends.yaml"), "services: []\n");
  const port = 19_868;
  const command = [...config.Entrypoint, ...config.Cmd, ...agentFlags(port)];
  const child = buildah.start(container, command, [`${directory}:/config:ro`]);
  return { process: child, port, signal: (name) => signalInside(child, name) };
}
