// node scripts/kube-apiserver.mjs
//
// Gets kube-apiserver and etcd for the tests that run against a real API server: from KUBEBUILDER_ASSETS where that is set, else
// built with Go from the modules in tools/, each once for a go.sum, and kept outside the tree. Where there is neither it says
// nothing and goes on: the tests say loudly what they did not run. Plain JavaScript, for the machine's own Node.

import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, realpathSync, renameSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const TOOLS = fileURLToPath(new URL("../tools/", import.meta.url));
const PACKAGES = { "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver", etcd: "go.etcd.io/etcd/server/v3" };

/**
 * @param {NodeJS.ProcessEnv} env
 * @returns Paths of both programs; `undefined` when one of them is not there.
 */
export function findKubeApiserver(env = process.env) {
  const path = (name) => (env.KUBEBUILDER_ASSETS ? join(env.KUBEBUILDER_ASSETS, name) : cachedPath(name, env));
  const found = { kubeApiserver: path("kube-apiserver"), etcd: path("etcd") };
  return Object.values(found).every((file) => existsSync(file)) ? found : undefined;
}

function cachedPath(name, env) {
  const hash = createHash("sha256")
    .update(readFileSync(join(TOOLS, name, "go.sum")))
    .digest("hex")
    .slice(0, 16);
  const cache = env.XDG_CACHE_HOME || join(homedir(), ".cache");
  return join(cache, "hairpin-probe", `${name}-${hash}`, name);
}

/** The version that the module names: a server that does not know its own is refused by clients. */
function versionOf(name) {
  const modules = readFileSync(join(TOOLS, name, "go.mod"), "utf8");
  return /^\s*(?:require )?k8s\.io\/kubernetes (v\S+)/m.exec(modules)?.[1];
}

function build(name) {
  const target = cachedPath(name, process.env);
  if (existsSync(target)) return;
  mkdirSync(join(target, ".."), { recursive: true });
  const version = versionOf(name);
  const stamp = version === undefined ? "" : ` -X k8s.io/component-base/version.gitVersion=${version}`;
  // Built under another name, so that a build that is interrupted, or two at a time, leave nothing half done under this one.
  const unfinished = `${target}.${process.pid}`;
  console.error(`${name}: being built from its Go modules, which takes minutes the first time`);
  download(join(TOOLS, name));
  execFileSync("go", ["build", "-mod=readonly", "-trimpath", "-ldflags", `-s -w${stamp}`, "-o", unfinished, PACKAGES[name]], {
    cwd: join(TOOLS, name),
    env: { ...process.env, CGO_ENABLED: "0" },
    stdio: ["ignore", "inherit", "inherit"],
  });
  renameSync(unfinished, target);
}

/** Hundreds of modules over the network: one that does not come the first time may come the next. */
function download(directory) {
  for (let left = 2; ; left--) {
    try {
      execFileSync("go", ["mod", "download"], { cwd: directory, stdio: ["ignore", "ignore", "pipe"] });
      return;
    } catch (error) {
      if (left === 0) throw error;
      console.error(
        `go mod download: ${String(error.stderr ?? error.message)
          .trim()
          .slice(-500)}; trying again`,
      );
    }
  }
}

const isEntry = process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url);
if (isEntry && !process.env.KUBEBUILDER_ASSETS && spawnSync("go", ["version"]).status === 0) {
  for (const name of Object.keys(PACKAGES)) build(name);
}
