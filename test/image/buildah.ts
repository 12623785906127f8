import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The configuration of an image, as far as tests look at it: OCI image specification, config.go. */
export interface ImageConfig {
  readonly architecture: string;
  readonly config: {
    readonly User: string;
    readonly Env: readonly string[];
    readonly ExposedPorts: Readonly<Record<string, object>>;
    readonly Entrypoint: readonly string[];
    readonly Cmd: readonly string[];
    readonly Labels: Readonly<Record<string, string>>;
  };
}

/** Characters of what it said that an error shows. */
const MAX_SAID = 4_000;

/** buildah with images and containers of its own, which go with it. It needs no daemon, and no privilege but a mount namespace. */
export class Buildah {
  readonly #directory = mkdtempSync(join(tmpdir(), "buildah-"));
  readonly #storage = [
    "--root",
    join(this.#directory, "root"),
    "--runroot",
    join(this.#directory, "run"),
    "--storage-driver",
    "vfs",
  ];
  readonly #env = { ...process.env, BUILDAH_ISOLATION: "chroot" };

  static isHere(): boolean {
    return spawnSync("buildah", ["--version"]).status === 0;
  }

  /** A folder as an image. @param architecture - If not this machine's. */
  commit(root: string, name: string, architecture?: string): void {
    const foreign = architecture === undefined ? [] : ["--arch", architecture];
    const container = this.#run("from", ...foreign, "scratch");
    this.#run("copy", "--quiet", container, root, "/");
    if (architecture !== undefined) this.#run("config", ...foreign, container);
    this.#run("commit", "--quiet", container, name);
    this.#run("rm", container);
  }

  /** @throws Error with the end of what the build said, when it fails. */
  build(context: string, tag: string, options: readonly string[] = []): void {
    this.#run("build", "--pull-never", "--quiet", "--tag", tag, ...options, context);
  }

  configOf(image: string): ImageConfig {
    return (JSON.parse(this.#run("inspect", "--type", "image", image)) as { OCIv1: ImageConfig }).OCIv1;
  }

  /** Bytes of all its layers. */
  sizeOf(image: string): number {
    const text = this.#run("images", "--json", image);
    return sizeIn((JSON.parse(text) as readonly [{ size: string }])[0].size);
  }

  /** A container of the image. @returns its name. */
  from(image: string): string {
    return this.#run("from", "--pull-never", image);
  }

  /** @returns Path of the container's files, until it goes. */
  mount(container: string): string {
    return this.#run("mount", container);
  }

  remove(container: string): void {
    this.#run("rm", container);
  }

  /** Runs a command in the container as the image's own user, to its end. */
  output(container: string, command: readonly string[]): string {
    return this.#run("run", container, "--", ...command);
  }

  /** The same for one that goes on. End it with `signalInside`: buildah itself passes no signal on. */
  start(container: string, command: readonly string[], volumes: readonly string[]): ChildProcess {
    const mounts = volumes.flatMap((volume) => ["--volume", volume]);
    const args = [...this.#storage, "run", ...mounts, container, "--", ...command];
    return spawn("buildah", args, { env: this.#env, stdio: ["ignore", "pipe", "pipe"] });
  }

  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #run(...args: readonly string[]): string {
    const { status, stdout, stderr } = spawnSync("buildah", [...this.#storage, ...args], {
      env: this.#env,
      encoding: "utf8",
      maxBuffer: 64 * 2 ** 20,
    });
    if (status !== 0) throw new Error(`buildah ${args.join(" ")}: ended with ${status}: ${(stdout + stderr).slice(-MAX_SAID)}`);
    return stdout.trim();
  }
}

/** Signals the last of a process's descendants: what buildah runs, and not what it runs it with. */
export function signalInside(child: ChildProcess, signal: NodeJS.Signals): void {
  let pid = child.pid ?? 0;
  for (;;) {
    const next = childOf(pid);
    if (next === undefined) break;
    pid = next;
  }
  if (pid !== child.pid) process.kill(pid, signal);
}

function childOf(pid: number): number | undefined {
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const [first] = readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8").split(" ");
    if (first !== undefined && first !== "") return Number(first);
  }
  return undefined;
}

/** `166 MB`, as buildah writes it: powers of ten. */
function sizeIn(text: string): number {
  const [, number, unit = ""] = /^([\d.]+) ([KMG]?)B$/.exec(text) ?? [];
  if (number === undefined) throw new Error(`buildah images: size: got ${text}, expected a number of MB`);
  return Number(number) * 1000 ** ["", "K", "M", "G"].indexOf(unit);
}
