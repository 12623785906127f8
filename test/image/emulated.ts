/** The image for arm64, run under an emulator on a machine that is none. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Buildah, type ImageConfig } from "./buildah.ts";
import { reuseBuild } from "./built.ts";
import { unpackDebianFile } from "./debian.ts";
import { addArm64StandIns, type BaseNames } from "./stand-in.ts";

/** To find chroot by: the image has its own. */
const ENV = { PATH: process.env.PATH };
const EMULATOR = "usr/bin/qemu-aarch64-static";

/** An image of another processor, its files laid out with an emulator beside them. */
export class EmulatedImage {
  readonly config: ImageConfig;
  /** Folder with its files. */
  readonly root: string;
  readonly #buildah = new Buildah();
  readonly #directory = mkdtempSync(join(tmpdir(), "emulated-image-"));

  /**
   * Builds it from what the stage `build` made, which is the same for every processor and is built on this one.
   *
   * @param context - The project.
   * @param built - Files of an image for this machine.
   * @throws Error when Debian's or Node.js's packages for arm64, or the emulator, cannot be had, or the build fails.
   */
  constructor(context: string, bases: BaseNames, built: string, name: string) {
    try {
      addArm64StandIns(this.#buildah, bases);
      const made = reuseBuild(built, join(this.#directory, "build"));
      this.#buildah.build(context, name, ["--platform", "linux/arm64", ...made]);
      this.config = this.#buildah.configOf(name);
      this.root = join(this.#directory, "root");
      const container = this.#buildah.from(name);
      cpSync(this.#buildah.mount(container), this.root, { recursive: true, verbatimSymlinks: true });
      this.#buildah.remove(container);
      unpackDebianFile("qemu-user-static", EMULATOR, this.root);
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** Puts a file where the agent finds it. */
  add(path: string, text: string): void {
    mkdirSync(join(this.root, path, ".."), { recursive: true });
    writeFileSync(join(this.root, path), text);
  }

  /** Runs a command of the image to its end, as the image's user. */
  output(command: readonly string[]): string {
    const [program = "", ...args] = this.#inside(command);
    return execFileSync(program, args, { encoding: "utf8", env: ENV }).trim();
  }

  /** The same for one that goes on: a signal to it reaches what is emulated. */
  start(command: readonly string[]): ChildProcess {
    const [program = "", ...args] = this.#inside(command);
    return spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], env: ENV });
  }

  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true, force: true });
    this.#buildah[Symbol.dispose]();
  }

  /** The variables of the image are given by env, as nothing else is to come in from here. */
  #inside(command: readonly string[]): readonly string[] {
    const user = `--userspec=${this.config.config.User}`;
    return ["chroot", user, this.root, `/${EMULATOR}`, ...this.config.config.Env.flatMap((each) => ["-E", each]), ...command];
  }
}
