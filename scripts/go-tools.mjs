// node scripts/go-tools.mjs NAME...
//
// Gets what the tests use of Go modules, as tools/ pins them: programs, built once for each go.sum and kept outside the tree, and files.
// kube-apiserver and etcd are taken from KUBEBUILDER_ASSETS where that is set. Where there is no Go it says nothing and goes on: the
// tests say loudly what they did not run. Plain JavaScript, for the machine's own Node.

import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, realpathSync, renameSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const TOOLS = fileURLToPath(new URL("../tools/", import.meta.url));
const PACKAGES = {
  "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
  kubectl: "k8s.io/kubernetes/cmd/kubectl",
  etcd: "go.etcd.io/etcd/server/v3",
  actionlint: "github.com/rhysd/actionlint/cmd/actionlint",
  "dashboard-linter": "github.com/grafana/dashboard-linter",
  pint: "github.com/cloudflare/pint/cmd/pint",
  helm: "helm.sh/helm/v3/cmd/helm",
  kustomize: "sigs.k8s.io/kustomize/kustomize/v5",
  "blackbox-exporter": "github.com/prometheus/blackbox_exporter",
  cloudprober: "github.com/cloudprober/cloudprober/cmd/cloudprober",
};
/** Modules of which only files are wanted. */
const MODULES = { "prometheus-operator": "github.com/prometheus-operator/prometheus-operator" };
/** Those that people have in a folder of their own, as controller-runtime's tests do. */
const KUBEBUILDER = ["kube-apiserver", "etcd", "kubectl"];

/**
 * @param {string} name
 * @param {NodeJS.ProcessEnv} env
 * @returns Path of the program; `undefined` when it is not there.
 */
export function findGoTool(name, env = process.env) {
  const isGiven = env.KUBEBUILDER_ASSETS && KUBEBUILDER.includes(name);
  const path = isGiven ? join(env.KUBEBUILDER_ASSETS, name) : cachedPath(name, env);
  return existsSync(path) ? path : undefined;
}

/** @returns Folder with the module's files; `undefined` when it is not there. */
export function findGoModule(name) {
  const args = ["list", "-m", "-f", "{{.Dir}}", MODULES[name]];
  const { status, stdout } = spawnSync("go", args, { cwd: join(TOOLS, name), encoding: "utf8" });
  return (status === 0 && stdout.trim()) || undefined;
}

function cachedPath(name, env) {
  const hash = createHash("sha256")
    .update(readFileSync(join(TOOLS, name, "go.sum")))
    .digest("hex")
    .slice(0, 16);
  const cache = env.XDG_CACHE_HOME || join(homedir(), ".cache");
  return join(cache, "hairpin-probe", `${name}-${hash}`, name);
}

/** The version of Kubernetes that the module names: a server that does not know its own is refused by clients. */
function versionOf(name) {
  const modules = readFileSync(join(TOOLS, name, "go.mod"), "utf8");
  return /^\s*(?:require )?k8s\.io\/kubernetes (v\S+)/m.exec(modules)?.[1];
}

function build(name) {
  const target = cachedPath(name, process.env);
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
if (isEntry) {
  const names = process.argv.slice(2);
  const known = [...Object.keys(PACKAGES), ...Object.keys(MODULES)];
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    console.error(`go-tools: got ${unknown.join(" ")}, expected names out of ${known.join(" ")}`);
    process.exit(2);
  }
  const isThere = (name) => (MODULES[name] === undefined ? findGoTool(name) : findGoModule(name)) !== undefined;
  const missing = names.filter((name) => !isThere(name));
  if (missing.length > 0 && spawnSync("go", ["version"]).status === 0) {
    for (const name of missing) {
      if (MODULES[name] !== undefined) download(join(TOOLS, name));
      else if (!process.env.KUBEBUILDER_ASSETS || !KUBEBUILDER.includes(name)) build(name);
    }
  }
}
