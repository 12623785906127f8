/** Frontends files: YAML that people write, and that may be anything. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { FrontendsFileError, loadFrontendsFile } from "../../src/discovery/frontends-file.ts";
import { addressPolicy } from "../../src/domain/address.ts";
import type { Snapshot } from "../../src/domain/snapshot.ts";
import { corpus, corpusTexts } from "./support/corpus.ts";
import { fuzz } from "./support/fuzz.ts";
import * as holding from "./support/holding.ts";
import { hostileYaml, YAML_WORDS } from "./support/hostile-yaml.ts";
import { mutatedJson, mutatedText } from "./support/mutate.ts";
import { complaint } from "./support/wellformed.ts";

const isAllowed = addressPolicy([]);

/** @returns what was read; `undefined`: it was refused. */
function loadsOrRefuses(text: string): Snapshot | undefined {
  try {
    const snapshot = loadFrontendsFile(text, { file: "frontends.yaml", defaultPath: "/", isAllowed });
    holding.snapshot(snapshot);
    for (const { service } of snapshot.services) {
      for (const { address } of service.addresses) assert.ok(isAllowed(address), `${address} may not be probed`);
    }
    const keys = snapshot.services.map(({ service }) => `${service.namespace}/${service.name}`);
    assert.equal(new Set(keys).size, keys.length, "a Service twice");
    return snapshot;
  } catch (error) {
    if (!(error instanceof FrontendsFileError)) throw error;
    assert.ok(error.problems.length > 0, "refused, and no problem said");
    for (const problem of error.problems) {
      complaint(problem);
      assert.match(problem, /^frontends\.yaml(:\d+)?: /);
    }
    return undefined;
  }
}

/** Labels are any names: none of those that are given may get lost. */
function labelsHold(text: string, snapshot: Snapshot): void {
  const { nodes } = JSON.parse(text) as { readonly nodes?: readonly { readonly labels?: object }[] };
  const given = (nodes ?? []).map(({ labels }) => Object.keys(labels ?? {}));
  const read = snapshot.nodes.map(({ labels }) => [...(labels?.keys() ?? [])]);
  assert.deepEqual(read, given);
}

const RECORDED = corpus("frontends.json");
const KEYS = ["services", "nodes", "hostname", "addresses", "labels", "ports", "path", "zone", "excluded", "targetType"];
const TEXTS = ["nlb.example.com", "10.0.32.7", "fd00::7", "8.8.8.8", "/healthz", "https", "ip", "eu-west-1a"];

fuzz("a frontends file is read, or refused with every problem", mutatedJson(RECORDED, { keys: KEYS, texts: TEXTS }), (text) => {
  const snapshot = loadsOrRefuses(text);
  if (snapshot !== undefined) labelsHold(text, snapshot);
});

fuzz(
  "any text as a frontends file is read, or refused with every problem",
  fc.oneof(
    { weight: 6, arbitrary: mutatedText(corpusTexts("frontends.yaml"), [...YAML_WORDS, ...KEYS]) },
    { weight: 1, arbitrary: hostileYaml("services") },
  ),
  (text) => {
    loadsOrRefuses(text);
  },
);
