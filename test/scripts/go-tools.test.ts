import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { findGoTool } from "../../scripts/go-tools.mjs";

test("kube-apiserver and etcd are taken from KUBEBUILDER_ASSETS where that is set, other programs are not", () => {
  const directory = mkdtempSync(join(tmpdir(), "assets-"));
  try {
    const env = { KUBEBUILDER_ASSETS: directory, XDG_CACHE_HOME: "/nonexistent" };
    assert.equal(findGoTool("etcd", env), undefined);
    for (const name of ["kube-apiserver", "etcd", "pint"]) {
      writeFileSync(join(directory, name), "");
      chmodSync(join(directory, name), 0o755);
    }
    assert.equal(findGoTool("kube-apiserver", env), join(directory, "kube-apiserver"));
    assert.equal(findGoTool("etcd", env), join(directory, "etcd"));
    assert.equal(findGoTool("pint", env), undefined);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test("otherwise they are looked for in the cache, under the hash of their modules", () => {
  assert.equal(findGoTool("etcd", { XDG_CACHE_HOME: "/nonexistent" }), undefined);
});

test("a name that is none is refused before anything is built", () => {
  const script = fileURLToPath(new URL("../../scripts/go-tools.mjs", import.meta.url));
  const { status, stderr } = spawnSync(process.execPath, [script, "etcd", "gcc"], { encoding: "utf8" });
  assert.deepEqual(
    [status, stderr],
    [
      2,
      "go-tools: got gcc, expected names out of kube-apiserver kubectl etcd actionlint dashboard-linter pint helm kustomize blackbox-exporter cloudprober prometheus-operator\n",
    ],
  );
});
