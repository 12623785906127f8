// node scripts/prometheus.mjs
//
// Gets Prometheus and promtool for the tests that ask them: those that are installed, else those in Debian's package `prometheus`,
// unpacked into .cache/ without installing anything. Where they cannot be had it says so and goes on: the tests say loudly what they did
// not check. Plain JavaScript, for the machine's own Node.

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, renameSync, rmSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const CACHE = fileURLToPath(new URL("../.cache/", import.meta.url));
const TOOLS = ["prometheus", "promtool"];

/** @returns Path of the program; `undefined` when there is none. */
export function findPrometheusTool(name, searchPath = process.env.PATH ?? "") {
  const installed = searchPath.split(delimiter).map((directory) => join(directory, name));
  return [...installed, join(CACHE, name)].find((path) => existsSync(path));
}

function fetchTools() {
  mkdirSync(CACHE, { recursive: true });
  const directory = mkdtempSync(join(CACHE, "unpacking-"));
  try {
    const quiet = { cwd: directory, stdio: ["ignore", "ignore", "pipe"] };
    try {
      execFileSync("apt-get", ["download", "prometheus"], quiet);
    } catch (error) {
      // A fresh container has no package lists; only root may get them.
      if (process.getuid() !== 0 || error.code === "ENOENT") throw error;
      execFileSync("apt-get", ["update"], quiet);
      execFileSync("apt-get", ["download", "prometheus"], quiet);
    }
    const [archive] = readdirSync(directory).filter((file) => file.endsWith(".deb"));
    execFileSync("dpkg-deb", ["-x", archive, "unpacked"], quiet);
    for (const name of TOOLS) renameSync(join(directory, "unpacked/usr/bin", name), join(CACHE, name));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const isEntry = process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url);
if (isEntry && TOOLS.some((name) => findPrometheusTool(name) === undefined)) {
  try {
    fetchTools();
  } catch (error) {
    const why =
      String(error.stderr ?? "")
        .trim()
        .split("\n")
        .at(-1) || error.message;
    console.error(`prometheus: cannot be had here (${why}); nothing will be checked with it. Debian package: prometheus.`);
  }
}
