// node scripts/promtool.mjs
//
// Gets promtool for the test that checks the metrics with it: the one that is installed, else the one in Debian's package
// `prometheus`, unpacked into .cache/ without installing anything. Where neither can be had it says so and goes on: the test says
// loudly that it did not check. Plain JavaScript, for the machine's own Node.

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, renameSync, rmSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const CACHE = fileURLToPath(new URL("../.cache/", import.meta.url));
const CACHED = join(CACHE, "promtool");

/** @returns Path of promtool; `undefined` when there is none. */
export function findPromtool(searchPath = process.env.PATH ?? "") {
  const installed = searchPath.split(delimiter).map((directory) => join(directory, "promtool"));
  return [...installed, CACHED].find((path) => existsSync(path));
}

function fetchPromtool() {
  mkdirSync(CACHE, { recursive: true });
  const directory = mkdtempSync(join(CACHE, "prometheus-"));
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
    renameSync(join(directory, "unpacked/usr/bin/promtool"), CACHED);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const isEntry = process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url);
if (isEntry && findPromtool() === undefined) {
  try {
    fetchPromtool();
  } catch (error) {
    const why =
      String(error.stderr ?? "")
        .trim()
        .split("\n")
        .at(-1) || error.message;
    console.error(`promtool: cannot be had here (${why}); the metrics will not be checked with it. Debian package: prometheus.`);
  }
}
