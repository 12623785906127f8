import assert from "node:assert/strict";
import { test } from "node:test";
import { applyPatch } from "../../../lab/cluster/patch.ts";

const MERGE = "application/merge-patch+json";
const STRATEGIC = "application/strategic-merge-patch+json; charset=utf-8";
const JSON_PATCH = "application/json-patch+json";

const SERVICE = {
  metadata: { name: "web", annotations: { a: "1", b: "2" }, finalizers: ["x", "y"] },
  spec: {
    type: "LoadBalancer",
    selector: { app: "web" },
    ports: [
      { name: "http", port: 80, nodePort: 31_080 },
      { name: "tcp", port: 9_000 },
    ],
  },
};
const specOf = (patch: object, type = STRATEGIC) => (applyPatch(SERVICE, patch, type) as typeof SERVICE).spec;

for (const type of [MERGE, STRATEGIC]) {
  test(`${type}: maps merge, null deletes, the rest stays`, () => {
    assert.deepEqual(applyPatch(SERVICE, { metadata: { annotations: { a: null, c: "3" } } }, type), {
      ...SERVICE,
      metadata: { ...SERVICE.metadata, annotations: { b: "2", c: "3" } },
    });
    assert.deepEqual(applyPatch({}, { metadata: { annotations: { a: "1", b: null } } }, type), {
      metadata: { annotations: { a: "1" } },
    });
  });
}

test("merge patch: lists are replaced whole", () => {
  assert.deepEqual(specOf({ spec: { ports: [{ port: 81 }] } }, MERGE).ports, [{ port: 81 }]);
});

test("strategic merge patch: ports merge by their number, finalizers as a set", () => {
  assert.deepEqual(
    specOf({
      spec: {
        ports: [
          { port: 80, nodePort: 31_081 },
          { port: 443, name: "https" },
        ],
      },
    }).ports,
    [
      { name: "http", port: 80, nodePort: 31_081 },
      { name: "tcp", port: 9_000 },
      { name: "https", port: 443 },
    ],
  );
  const patched = applyPatch(SERVICE, { metadata: { finalizers: ["y", "z"] } }, STRATEGIC) as typeof SERVICE;
  assert.deepEqual(patched.metadata.finalizers, ["x", "y", "z"]);
});

test("strategic merge patch: directives delete, replace, retain and order", () => {
  assert.deepEqual(specOf({ spec: { ports: [{ port: 80, $patch: "delete" }] } }).ports, [{ name: "tcp", port: 9_000 }]);
  assert.deepEqual(specOf({ spec: { ports: [{ $patch: "replace" }, { port: 1 }] } }).ports, [{ port: 1 }]);
  assert.deepEqual(specOf({ spec: { selector: { $patch: "replace", tier: "front" } } }).selector, { tier: "front" });
  assert.deepEqual(specOf({ spec: { $retainKeys: ["type"], type: "ClusterIP" } }), { type: "ClusterIP" });
  const ordered = specOf({
    spec: { "$setElementOrder/ports": [{ port: 9_000 }, { port: 81 }, { port: 80 }], ports: [{ port: 81 }] },
  });
  assert.deepEqual(
    ordered.ports.map(({ port }) => port),
    [9_000, 81, 80],
  );
  const patched = applyPatch(
    SERVICE,
    { metadata: { "$deleteFromPrimitiveList/finalizers": ["x"] } },
    STRATEGIC,
  ) as typeof SERVICE;
  assert.deepEqual(patched.metadata.finalizers, ["y"]);
});

test("strategic merge patch: an item without its merge key, or an unknown directive, is refused", () => {
  assert.throws(() => specOf({ spec: { ports: [{ name: "http" }] } }), { code: 400, message: /spec\.ports.*merge key port/ });
  assert.throws(() => specOf({ spec: { $patch: "explode" } }), { code: 400, message: /spec\.\$patch.*"explode"/ });
  assert.throws(() => specOf({ spec: { $retainKeys: "type" } }), { code: 400 });
});

test("JSON patch: add, replace, remove and test, in maps and lists, with escaped names", () => {
  const patch = [
    { op: "test", path: "/spec/type", value: "LoadBalancer" },
    { op: "replace", path: "/spec/type", value: "NodePort" },
    { op: "add", path: "/metadata/annotations/example.com~1x~0y", value: "1" },
    { op: "remove", path: "/metadata/annotations/a" },
    { op: "add", path: "/spec/ports/-", value: { port: 443 } },
    { op: "add", path: "/spec/ports/0", value: { port: 1 } },
    { op: "replace", path: "/spec/ports/1/port", value: 81 },
    { op: "remove", path: "/spec/ports/2" },
  ];
  const patched = applyPatch(SERVICE, patch, JSON_PATCH) as typeof SERVICE;
  assert.deepEqual(patched.metadata.annotations, { b: "2", "example.com/x~y": "1" });
  assert.equal(patched.spec.type, "NodePort");
  assert.deepEqual(patched.spec.ports, [{ port: 1 }, { name: "http", port: 81, nodePort: 31_080 }, { port: 443 }]);
  assert.equal(SERVICE.spec.type, "LoadBalancer", "the original is not touched");
});

test("JSON patch: a path that is not there, or a test that fails, refuses the whole patch", () => {
  const refused = [
    { op: "remove", path: "/metadata/annotations/z" },
    { op: "replace", path: "/spec/color", value: 1 },
    { op: "add", path: "/status/x", value: 1 },
    { op: "add", path: "/spec/ports/3", value: {} },
    { op: "remove", path: "/spec/ports/-" },
    { op: "add", path: "/spec/type/x", value: 1 },
    { op: "test", path: "/spec/type", value: "NodePort" },
  ];
  for (const operation of refused)
    assert.throws(() => applyPatch(SERVICE, [operation], JSON_PATCH), { code: 422 }, operation.path);
});

test("what is no patch of its type is refused", () => {
  assert.throws(() => applyPatch(SERVICE, [], MERGE), { code: 400 });
  assert.throws(() => applyPatch(SERVICE, {}, JSON_PATCH), { code: 400 });
  assert.throws(() => applyPatch(SERVICE, [{ op: "copy", path: "/a", from: "/b" }], JSON_PATCH), { code: 400, message: /0\.op/ });
  assert.throws(() => applyPatch(SERVICE, {}, "application/apply-patch+yaml"), {
    code: 415,
    message: /apply-patch.*expected.*merge-patch/,
  });
});
