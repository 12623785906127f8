/** Debian's packages, unpacked and not installed, for this machine's processor or another. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Whether this machine's packages are Debian's: those of its descendants are laid out, and served for other processors, in other ways. */
export const isDebian = (): boolean =>
  existsSync("/etc/os-release") && /^ID=debian$/m.test(readFileSync("/etc/os-release", "utf8"));

/**
 * @param root - Where their files go; made if it is not there.
 * @param foreign - Debian's name of the processor, if it is not this machine's: then with package lists of its own.
 * @throws Error of apt-get when they cannot be had.
 */
export function unpackDebian(packages: readonly string[], root: string, foreign?: string): void {
  withDownloads(packages, foreign, (archives) => {
    mkdirSync(root, { recursive: true });
    for (const archive of archives) execFileSync("dpkg-deb", ["-x", archive, root]);
  });
}

/** Takes one file out of a package that is large. @param path - As in the package, without the first slash. */
export function unpackDebianFile(name: string, path: string, root: string): void {
  withDownloads([name], undefined, ([archive = ""]) => {
    const options = { maxBuffer: 2 ** 30 };
    const files = execFileSync("dpkg-deb", ["--fsys-tarfile", archive], options);
    execFileSync("tar", ["-x", "-C", root, `./${path}`], { ...options, input: files });
  });
}

function withDownloads(
  packages: readonly string[],
  foreign: string | undefined,
  use: (archives: readonly string[]) => void,
): void {
  const directory = mkdtempSync(join(tmpdir(), "debian-packages-"));
  try {
    const aptGet = (...args: readonly string[]): Buffer =>
      execFileSync("apt-get", [...options, ...args], { cwd: directory, stdio: ["ignore", "ignore", "pipe"] });
    const lists = join(directory, "lists");
    const options =
      foreign === undefined
        ? []
        : [
            `Dir::State::lists=${lists}`,
            `Dir::Cache=${join(directory, "cache")}`,
            `APT::Architecture=${foreign}`,
            `APT::Architectures::=${foreign}`,
          ].flatMap((option) => ["-o", option]);
    if (foreign !== undefined) {
      for (const folder of ["lists/partial", "cache/archives/partial"]) mkdirSync(join(directory, folder), { recursive: true });
      aptGet("update");
    }
    aptGet("download", ...packages);
    use(
      readdirSync(directory)
        .filter((file) => file.endsWith(".deb"))
        .map((file) => join(directory, file)),
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
}
