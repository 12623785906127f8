import assert from "node:assert/strict";
import { test } from "node:test";
import type { Backend } from "../../src/domain/service.ts";
import { mergeSnapshots, zonesOf } from "../../src/domain/snapshot.ts";
import { backend, nlbService, snapshot } from "../support/services.ts";

test("a Service that two sources name comes from the first, and is skipped by none", () => {
  const file = snapshot({ services: [{ service: nlbService({ controller: "static" }), backends: [] }] });
  const cluster = snapshot({
    services: [
      { service: nlbService(), backends: [] },
      { service: nlbService({ name: "api" }), backends: [] },
    ],
    skipped: [
      { namespace: "shop", name: "web", reason: "pending", detail: "" },
      { namespace: "shop", name: "old", reason: "not_nlb", detail: "" },
    ],
  });
  const merged = mergeSnapshots([file, cluster]);
  assert.deepEqual(
    merged.services.map(({ service }) => `${service.name} ${service.controller}`),
    ["web static", "api lbc"],
  );
  assert.deepEqual(
    merged.skipped.map(({ name }) => name),
    ["old"],
  );
});

test("backends that the cluster knows stand in for those that a file does not list", () => {
  const service = nlbService({ controller: "static" });
  const file = (backends: readonly Backend[]) => snapshot({ services: [{ service, backends, areBackendsListed: true }] });
  const merged = (listed: readonly Backend[], known: readonly Backend[] | undefined) =>
    mergeSnapshots([file(listed), snapshot(known === undefined ? {} : { backendsOfOthers: new Map([["shop/web", known]]) })])
      .services;
  const one = [backend("n1", "a")];
  assert.deepEqual(merged([], one), [{ service, backends: one }]);
  assert.deepEqual(merged([], []), [{ service, backends: [] }], "now it is known that there are none");
  assert.deepEqual(merged([], undefined), [{ service, backends: [], areBackendsListed: true }]);
  assert.deepEqual(merged(one, []), [{ service, backends: one, areBackendsListed: true }]);
});

test("of a node that two sources name, each says what it knows", () => {
  const labels = new Map([["role", "ingress"]]);
  const file = snapshot({ nodes: [{ node: "n1", zone: undefined, excluded: true, labels }] });
  const cluster = snapshot({
    nodes: [
      { node: "n1", zone: "a" },
      { node: "n2", zone: "b" },
    ],
  });
  assert.deepEqual(mergeSnapshots([file, cluster]).nodes, [
    { node: "n1", zone: "a", excluded: true, labels },
    { node: "n2", zone: "b" },
  ]);
});

test("the zones of a snapshot are those of its nodes and its backends; an unknown zone is none", () => {
  const whole = snapshot({
    services: [{ service: nlbService(), backends: [backend("n1", "b"), backend("n2", undefined)] }],
    nodes: [
      { node: "n1", zone: "a" },
      { node: "n3", zone: "b" },
    ],
  });
  assert.deepEqual(zonesOf(whole), ["a", "b"]);
  assert.deepEqual(zonesOf(snapshot()), []);
});
