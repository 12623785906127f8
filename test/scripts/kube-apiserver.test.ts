import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { findKubeApiserver } from "../../scripts/kube-apiserver.mjs";

test("kube-apiserver and etcd are taken from KUBEBUILDER_ASSETS, both or none", () => {
  const directory = mkdtempSync(join(tmpdir(), "assets-"));
  try {
    const env = { KUBEBUILDER_ASSETS: directory };
    const add = (name: string): string => {
      const path = join(directory, name);
      writeFileSync(path, "");
      chmodSync(path, 0o755);
      return path;
    };
    assert.equal(findKubeApiserver(env), undefined);
    const kubeApiserver = add("kube-apiserver");
    assert.equal(findKubeApiserver(env), undefined);
    assert.deepEqual({ kubeApiserver, etcd: add("etcd") }, findKubeApiserver(env));
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test("without assets they are looked for in the cache, under the hash of their modules", () => {
  const found = findKubeApiserver({ XDG_CACHE_HOME: "/nonexistent" });
  assert.equal(found, undefined);
});
