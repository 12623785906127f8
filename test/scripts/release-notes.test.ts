import assert from "node:assert/strict";
import { test } from "node:test";
import { releaseNotes, type VersionedFiles } from "../../scripts/release-notes.ts";

const FILES: VersionedFiles = {
  packageJson: '{"version": "1.2.3"}',
  chart: "version: 1.2.3\nappVersion: 1.2.3\n",
  changelog: "# Changelog\n\n## Unreleased\n\n- new\n\n## 1.2.3 (2026-12-01)\n\n- this\n- and that\n\n## 1.2.30\n\n- old\n",
};

test("the notes of a release are its section of the changelog", () => {
  assert.equal(releaseNotes("v1.2.3", FILES), "- this\n- and that");
});

test("a version that is not the same everywhere is refused, with every place", () => {
  assert.throws(() => releaseNotes("v1.2.4", FILES), {
    message:
      'package.json: got 1.2.3, expected 1.2.4\nChart.yaml, version: got 1.2.3, expected 1.2.4\nChart.yaml, appVersion: got 1.2.3, expected 1.2.4\nCHANGELOG.md: has no section "## 1.2.4"',
  });
  assert.throws(() => releaseNotes("v1.2.3", { ...FILES, chart: "version: 1.2.3\nappVersion: 1.2.2\n" }), {
    message: "Chart.yaml, appVersion: got 1.2.2, expected 1.2.3",
  });
});

test("a tag that is no version is refused", () => {
  for (const tag of ["", "1.2.3", "v1.2", "v1.2.3-rc.1"]) {
    assert.throws(() => releaseNotes(tag, FILES), /^Error: tag: got ".*", expected one such as v1\.2\.3$/);
  }
});
