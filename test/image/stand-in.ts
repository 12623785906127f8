import { execFileSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Buildah } from "./buildah.ts";

/** What the real base for running has of what Node.js needs; and what only the one for building has. */
const LIBRARIES = ["libc6", "libstdc++6", "libgcc-s1"];
const COMMANDS = ["libatomic1", "dash", "coreutils", "libselinux1", "libpcre2-8-0", "libacl1", "libattr1", "libgmp10"];

/**
 * Stand-ins for the base images, under their names: made of Debian's packages and the Node.js that the project pins, as no registry can
 * be counted on. They prove the Dockerfile's syntax, paths, users and commands, not what the real ones hold besides.
 */
export function addStandIns(buildah: Buildah, names: { readonly node: string; readonly run: string }): void {
  const directory = mkdtempSync(join(tmpdir(), "base-image-"));
  try {
    const run = join(directory, "run");
    unpack(LIBRARIES, run);
    for (const folder of ["etc", "tmp", "usr/local/bin"]) mkdirSync(join(run, folder), { recursive: true });
    chmodSync(join(run, "tmp"), 0o1777);
    writeFileSync(
      join(run, "etc/passwd"),
      "root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n",
    );
    buildah.commit(run, names.run);

    const node = join(directory, "node");
    cpSync(run, node, { recursive: true, verbatimSymlinks: true });
    unpack(COMMANDS, node);
    cpSync(realpathSync(process.execPath), join(node, "usr/local/bin/node"));
    addNpm(node);
    buildah.commit(node, names.node);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function unpack(packages: readonly string[], root: string): void {
  const archives = mkdtempSync(join(tmpdir(), "debian-packages-"));
  try {
    execFileSync("apt-get", ["download", ...packages], { cwd: archives, stdio: ["ignore", "ignore", "pipe"] });
    mkdirSync(root, { recursive: true });
    for (const archive of readdirSync(archives)) execFileSync("dpkg-deb", ["-x", join(archives, archive), root]);
  } finally {
    rmSync(archives, { recursive: true });
  }
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
