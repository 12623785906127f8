/** What the image is, built by its own Dockerfile: its size, and how long the agent takes in it from start to ready. */
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Buildah } from "../test/image/buildah.ts";
import { baseNames, canBuild, IMAGE, NODE, ROOT, startAgent, WHAT_BUILDING_TAKES } from "../test/image/built.ts";
import { end, untilReady } from "../test/image/serving-agent.ts";
import { addStandIns } from "../test/image/stand-in.ts";

const RUNS = 5;
const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

if (canBuild()) await measure();
else console.error(`NOT MEASURED: the image's size, and its start. That takes ${WHAT_BUILDING_TAKES}.`);

async function measure(): Promise<void> {
  using buildah = new Buildah();
  const directory = mkdtempSync(join(tmpdir(), "built-image-"));
  try {
    chmodSync(directory, 0o755);
    const bases = baseNames();
    addStandIns(buildah, bases);
    buildah.build(ROOT, IMAGE);
    const [all, base] = [buildah.sizeOf(IMAGE), buildah.sizeOf(bases.run)].map((bytes) => (bytes / 1e6).toFixed(0));
    console.log(`image ${all} MB, over a stand-in for its base of ${base} MB`);
    const container = buildah.from(IMAGE);
    const [ready, empty]: [number[], number[]] = [[], []];
    for (let i = 0; i < RUNS; i++) {
      ready.push(await readyMs(buildah, container, directory));
      const begin = performance.now();
      buildah.output(container, [NODE, "-e", "0"]);
      empty.push(performance.now() - begin);
    }
    console.log(
      `start to ready in the image: ${median(ready).toFixed(0)} ms, ${median(empty).toFixed(0)} of which buildah and an empty Node.js take`,
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
}

async function readyMs(buildah: Buildah, container: string, directory: string): Promise<number> {
  const begin = performance.now();
  const { process: child, port, signal } = startAgent(buildah, container, directory);
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (data: Buffer) => (said += data));
  try {
    await untilReady(child, port, () => said);
    return performance.now() - begin;
  } finally {
    if (child.exitCode === null) await end(child, signal);
  }
}
