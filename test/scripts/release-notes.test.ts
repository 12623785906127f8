import assert from "node:assert/strict";
import { test } from "node:test";
import { readVersionedFiles, releaseNotes, type VersionedFiles, versionsIn } from "../../scripts/release-notes.ts";

const FILES: VersionedFiles = {
  packageJson: '{"version": "1.2.3"}',
  dockerfile: "FROM base\nARG VERSION=1.2.3\n",
  chart: "version: 1.2.3\nappVersion: 1.2.3\n",
  base: "images:\n  - name: hairpin-probe\n    newTag: 1.2.3\n",
  capture: "images:\n  - name: hairpin-probe\n    newTag: 1.2.3-capture\n",
  readme: "helm install hp oci://here --version 1.2.3 --wait\nkubectl apply -k 'https://there?ref=v1.2.3'\n",
  changelog: "# Changelog\n\n## Unreleased\n\n- new\n\n## 1.2.3 (2026-12-01)\n\n- this\n- and that\n\n## 1.2.30\n\n- old\n",
};
/** Where it can be wrong: a file, what is right in it, and how the refusal calls it. */
const PLACES: readonly (readonly [file: keyof VersionedFiles, right: string, where: string])[] = [
  ["packageJson", '"1.2.3"', "package.json"],
  ["dockerfile", "VERSION=1.2.3", "Dockerfile, VERSION"],
  ["chart", "version: 1.2.3", "Chart.yaml, version"],
  ["chart", "appVersion: 1.2.3", "Chart.yaml, appVersion"],
  ["base", "1.2.3", "manifests/base, newTag"],
  ["capture", "1.2.3", "manifests/components/capture, newTag without -capture"],
  ["readme", "--version 1.2.3", "README.md, helm install --version"],
  ["readme", "ref=v1.2.3", "README.md, kubectl apply -k ?ref=v"],
];

test("the notes of a release are its section of the changelog", () => {
  assert.equal(releaseNotes("v1.2.3", FILES), "- this\n- and that");
});

test("a version that is not the same everywhere is refused, with every place", () => {
  assert.throws(() => releaseNotes("v1.2.4", FILES), {
    message: [
      ...PLACES.map(([, , where]) => `${where}: got 1.2.3, expected 1.2.4`),
      'CHANGELOG.md: has no section "## 1.2.4"',
    ].join("\n"),
  });
  for (const [file, right, where] of PLACES) {
    const wrong = FILES[file].replace(right, right.replace("1.2.3", "1.2.2"));
    assert.throws(() => releaseNotes("v1.2.3", { ...FILES, [file]: wrong }), { message: `${where}: got 1.2.2, expected 1.2.3` });
  }
});

test("a place that names no version is refused, and an image for capture without its suffix", () => {
  assert.throws(() => releaseNotes("v1.2.3", { ...FILES, base: "images: []\n" }), {
    message: "manifests/base, newTag: got undefined, expected 1.2.3",
  });
  assert.throws(() => releaseNotes("v1.2.3", { ...FILES, capture: FILES.base }), {
    message: "manifests/components/capture, newTag without -capture: got undefined, expected 1.2.3",
  });
});

test("a tag that is no version is refused", () => {
  for (const tag of ["", "1.2.3", "v1.2", "v1.2.3-rc.1"]) {
    assert.throws(() => releaseNotes(tag, FILES), /^Error: tag: got ".*", expected one such as v1\.2\.3$/);
  }
});

test("the project's files name one version, so that what is installed is what is released", () => {
  const versions = versionsIn(readVersionedFiles());
  assert.deepEqual(
    versions.map(([where]) => where),
    PLACES.map(([, , where]) => where),
  );
  for (const [where, version] of versions) assert.equal(version, versions[0]?.[1], where);
});
