/** The image as its own Dockerfile makes it, over stand-ins for the base images: for tests and for the bench. */
import { cpSync, mkdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Buildah, signalInside } from "./buildah.ts";
import { isDebian } from "./debian.ts";
import type { StartedAgent } from "./serving-agent.ts";
import type { BaseNames } from "./stand-in.ts";

/** The build context: the project. */
export const ROOT = fileURLToPath(new URL("../../", import.meta.url));
export const IMAGE = "hairpin-probe";
export const NODE = "/usr/local/bin/node";

const LINK = "usr/local/bin/hairpin-probe";
const PORT = 19_868;

export const canBuild = (): boolean => Buildah.isHere() && process.getuid?.() === 0 && isDebian();
export const WHAT_BUILDING_TAKES = "Debian, its package buildah, and root";

/** The base images that the Dockerfile names. */
export function baseNames(): BaseNames {
  const dockerfile = readFileSync(join(ROOT, "Dockerfile"), "utf8");
  const bases = [...dockerfile.matchAll(/^FROM (?:--platform=\S+ )?(\S+:\S+)/gm)].map(([, name = ""]) => name);
  return { node: bases[0] ?? "", run: bases.at(-1) ?? "" };
}

/**
 * What the stage `build` made, for another target or processor: it is the same for all.
 *
 * @param files - Those of an image that was built.
 * @param folder - Where it goes.
 * @returns Options of the build that takes it in place of the stage.
 */
export function reuseBuild(files: string, folder: string): readonly string[] {
  cpSync(join(files, "app"), join(folder, "image/app"), { recursive: true });
  mkdirSync(join(folder, "image/usr/local/bin"), { recursive: true });
  symlinkSync(readlinkSync(join(files, LINK)), join(folder, "image", LINK));
  return ["--build-context", `build=${folder}`];
}

/** Flags for an agent that has nothing to probe, with its file of frontends in /config. */
export const idleFlags = (port: number): readonly string[] => [
  "--frontends",
  "/config/frontends.yaml",
  "--node-name",
  "n1",
  "--metrics-address",
  `127.0.0.1:${port}`,
];

/** Starts the agent in a container, as its image says. @param directory - For its configuration; others must be able to read it. */
export function startAgent(buildah: Buildah, container: string, directory: string): StartedAgent {
  const { config } = buildah.configOf(IMAGE);
  writeFileSync(join(directory, "frontends.yaml"), "services: []\n");
  const command = [...config.Entrypoint, ...config.Cmd, ...idleFlags(PORT)];
  const child = buildah.start(container, command, [`${directory}:/config:ro`]);
  return { process: child, port: PORT, signal: (name) => signalInside(child, name) };
}
