import assert from "node:assert/strict";
import { test } from "node:test";
import { fieldSelector, labelSelector, selectedChange } from "../../../lab/cluster/selectors.ts";
import { storeObject } from "./servers.ts";

const OBJECTS = [
  storeObject("none"),
  storeObject("web", { labels: { app: "web", tier: "front" } }),
  storeObject("api", { labels: { app: "api" }, spec: { type: "LoadBalancer" } }),
];
const chosen = (selects: (object: (typeof OBJECTS)[number]) => boolean) =>
  OBJECTS.filter(selects).map(({ metadata }) => metadata.name);

const LABELS: readonly (readonly [string, readonly string[]])[] = [
  ["", ["none", "web", "api"]],
  ["app=web", ["web"]],
  ["app==web", ["web"]],
  ["app = web", ["web"]],
  ["app!=web", ["none", "api"]],
  ["app in (web,api)", ["web", "api"]],
  ["app in (web, api),tier=front", ["web"]],
  ["app in (db)", []],
  ["app notin (web)", ["none", "api"]],
  ["app", ["web", "api"]],
  ["!app", ["none"]],
  ["app,!tier", ["api"]],
];
for (const [text, names] of LABELS) {
  test(`label selector ${JSON.stringify(text)} selects ${names.join(", ") || "nothing"}`, () => {
    assert.deepEqual(chosen(labelSelector(text)), names);
  });
}

const FIELDS: readonly (readonly [string, readonly string[]])[] = [
  ["", ["none", "web", "api"]],
  ["spec.type=LoadBalancer", ["api"]],
  ["spec.type!=LoadBalancer", ["none", "web"]],
  ["metadata.name==web,metadata.namespace=shop", ["web"]],
  ["metadata.namespace=other", []],
];
for (const [text, names] of FIELDS) {
  test(`field selector ${JSON.stringify(text)} selects ${names.join(", ") || "nothing"}`, () => {
    assert.deepEqual(chosen(fieldSelector(text, "services")), names);
  });
}

test("a selector that cannot be read is refused, with the part that is wrong", () => {
  for (const text of ["app in web", "app=(web", "=web", "a b", "app in (a)(b)"]) {
    assert.throws(() => labelSelector(text), { code: 400, message: /labelSelector/ }, text);
  }
  assert.throws(() => fieldSelector("spec.color=red", "services"), {
    code: 400,
    message: /spec\.color=red.*expected.*spec\.type/,
  });
  assert.throws(() => fieldSelector("spec.type=LoadBalancer", "endpointslices"), { code: 400 });
  assert.throws(() => labelSelector("a".repeat(70_000)), { code: 400, message: /longer/ });
});

test("an object that enters a selection is added, one that leaves it is deleted with what it was", () => {
  const at = (object: (typeof OBJECTS)[number], version: number) => ({
    ...object,
    metadata: { ...object.metadata, resourceVersion: String(version) },
  });
  const inside = at(storeObject("web", { labels: { app: "web" } }), 5);
  const outside = at(storeObject("web"), 6);
  const selects = labelSelector("app=web");
  const seen = (type: "ADDED" | "MODIFIED" | "DELETED", object: typeof inside, previous?: typeof inside) =>
    selectedChange({ type, version: 7, object: at(object, 7), previous }, selects);
  assert.deepEqual(seen("ADDED", inside), { type: "ADDED", object: at(inside, 7) });
  assert.deepEqual(seen("MODIFIED", inside, inside), { type: "MODIFIED", object: at(inside, 7) });
  assert.deepEqual(seen("MODIFIED", inside, outside), { type: "ADDED", object: at(inside, 7) });
  assert.deepEqual(seen("MODIFIED", outside, inside), { type: "DELETED", object: at(inside, 7) });
  assert.deepEqual(seen("DELETED", inside, inside), { type: "DELETED", object: at(inside, 7) });
  assert.equal(seen("ADDED", outside), undefined);
  assert.equal(seen("DELETED", outside, outside), undefined);
});
