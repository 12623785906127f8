// node scripts/setup.mjs [--tools ip,nft,tcpdump] [--also tools/board]
//
// Installs what a fresh clone lacks: the npm packages of package-lock.json, those of a further package of this checkout, and the named
// system tools, through apt-get where that is possible as root. Silent when nothing is missing. Plain JavaScript without dependencies, and in old syntax, so that
// any Node can at least say that it is too old.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { argv, env, exit, getuid, stderr, versions } from "node:process";
import { fileURLToPath } from "node:url";

const OLDEST_NODE = 20;

/** The Debian package of each tool that a script of ours may ask for. */
const PACKAGES = {
  buildah: "buildah",
  chromium: "chromium",
  ip: "iproute2",
  nft: "nftables",
  openssl: "openssl",
  tcpdump: "tcpdump",
  unshare: "util-linux",
  nsenter: "util-linux",
};

/** An ordinary user's PATH often lacks these, and the tools are there all the same. */
const SYSTEM_DIRECTORIES = ["/usr/sbin", "/sbin"];

/** A problem that the user can solve: its message is all there is to print. */
class SetupError extends Error {}

/**
 * Brings one checkout up to date.
 *
 * @param options.root - The checkout.
 * @param options.also - Directories in it whose own package-lock.json is to be installed, too; their packages run no script.
 * @param options.tools - Names out of PACKAGES.
 * @param options.searchPath - Directories in which a tool counts as installed.
 * @param options.isRoot - Whether apt-get may be used.
 * @param options.nodeVersion - As in process.versions.node.
 * @param options.run - Runs a program to its end, output shown, and returns its exit code; `undefined` if there is no such program.
 * @param options.log - Takes one line for the user.
 * @throws SetupError whose message is one sentence: what is missing and how to get it.
 */
export function setUp(options) {
  if (Number.parseInt(options.nodeVersion, 10) < OLDEST_NODE) {
    throw new SetupError(`setup: Node.js ${OLDEST_NODE} or newer is needed, this is ${options.nodeVersion}.`);
  }
  installModules("", options);
  for (const directory of options.also) installModules(directory, options);
  installTools(options);
}

/** The lock file's hash and what its native packages were installed for; kept in node_modules, so that it goes when they go. */
function installModules(directory, options) {
  const lockName = join(directory, "package-lock.json");
  const lock = readFileSync(join(options.root, lockName));
  const wanted = `${createHash("sha256").update(lock).digest("hex")} ${process.platform}-${process.arch}\n`;
  const stampPath = join(options.root, directory, "node_modules", ".setup-stamp");
  if (existsSync(stampPath) && readFileSync(stampPath, "utf8") === wanted) return;

  options.log(`setup: installing the npm packages of ${lockName}`);
  const there = directory === "" ? [] : ["--prefix", directory, "--ignore-scripts"];
  const code = options.run("npm", ["ci", ...there, "--no-audit", "--no-fund", "--loglevel=error"]);
  if (code !== 0) throw new SetupError(`setup: npm ci ${ending(code)}; the packages of ${lockName} are not installed.`);
  writeFileSync(stampPath, wanted);
}

function installTools(options) {
  const unknown = options.tools.filter((tool) => PACKAGES[tool] === undefined);
  if (unknown.length > 0) {
    throw new SetupError(`setup: --tools: got ${unknown.join(",")}, expected names out of ${Object.keys(PACKAGES).join(",")}.`);
  }
  const missing = () =>
    options.tools.filter((tool) => !options.searchPath.some((directory) => existsSync(join(directory, tool))));
  const tools = missing();
  if (tools.length === 0) return;

  const packages = [...new Set(tools.map((tool) => PACKAGES[tool]))];
  const install = ["install", "-y", "--no-install-recommends", ...packages];
  const byHand = `setup: ${tools.join(", ")} missing; install with: apt-get ${install.join(" ")} (as root; Debian package names).`;
  if (!options.isRoot) throw new SetupError(byHand);

  options.log(`setup: installing ${packages.join(", ")} with apt-get`);
  const updated = options.run("apt-get", ["update", "-qq"]);
  if (updated === undefined) throw new SetupError(byHand);
  // A failed update is no reason to stop: the lists that are there may be good enough, and apt-get has said what was wrong.
  const installed = options.run("apt-get", ["-qq", ...install]);
  const left = missing();
  if (installed !== 0 || left.length > 0) {
    throw new SetupError(`setup: apt-get install ${ending(installed)} and ${left.join(", ") || "nothing"} is missing. ${byHand}`);
  }
}

const ending = (code) => (code === undefined ? "could not be started" : `ended with code ${code}`);

function wantedBy(args) {
  const wanted = { tools: [], also: [] };
  for (let i = 0; i < args.length; i += 2) {
    const [flag, list] = [args[i], args[i + 1]];
    if (list === undefined || !["--tools", "--also"].includes(flag)) {
      throw new SetupError("usage: node scripts/setup.mjs [--tools ip,nft,tcpdump] [--also tools/board]");
    }
    wanted[flag.slice(2)] = list.split(",");
  }
  return wanted;
}

function main(args) {
  const root = fileURLToPath(new URL("..", import.meta.url));
  const run = (command, rest) => {
    const childEnv = Object.assign({}, env, { DEBIAN_FRONTEND: "noninteractive" });
    const result = spawnSync(command, rest, { cwd: root, env: childEnv, stdio: ["ignore", "inherit", "inherit"] });
    if (result.error !== undefined && result.error.code !== "ENOENT") throw result.error;
    return result.error === undefined ? result.status : undefined;
  };
  try {
    setUp({
      root,
      ...wantedBy(args),
      searchPath: (env.PATH || "").split(delimiter).concat(SYSTEM_DIRECTORIES),
      isRoot: getuid !== undefined && getuid() === 0,
      nodeVersion: versions.node,
      run,
      log: (line) => stderr.write(`${line}\n`),
    });
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    stderr.write(`${error.message}\n`);
    exit(1);
  }
}

if (argv[1] !== undefined && fileURLToPath(import.meta.url) === realpathSync(argv[1])) main(argv.slice(2));
