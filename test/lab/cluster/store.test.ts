import assert from "node:assert/strict";
import { test } from "node:test";
import { Store } from "../../../lab/cluster/store.ts";
import { NOW, storeObject } from "./servers.ts";

const newStore = (history?: number) => {
  let uids = 0;
  return new Store({ now: () => NOW, uid: () => `uid-${++uids}`, ...(history === undefined ? {} : { history }) });
};
const names = (objects: readonly { readonly metadata: { readonly name: string } }[]) =>
  objects.map(({ metadata }) => metadata.name);

test("an object gets its identity when it is made, and a client cannot change it", () => {
  const store = newStore();
  const made = store.create("services", storeObject("web"));
  assert.deepEqual(made.metadata, {
    name: "web",
    namespace: "shop",
    uid: "uid-1",
    creationTimestamp: "2026-03-01T12:00:00Z",
    generation: 1,
    resourceVersion: "2",
  });
  const forged = {
    ...made,
    metadata: { ...made.metadata, creationTimestamp: "1999-01-01T00:00:00Z", generation: 77, labels: { a: "b" } },
  };
  const { metadata } = store.replace("services", forged);
  assert.deepEqual([metadata.creationTimestamp, metadata.generation, metadata.uid], ["2026-03-01T12:00:00Z", 1, "uid-1"]);
  assert.deepEqual(metadata.labels, { a: "b" });
});

test("one counter numbers the changes of all resources", () => {
  const store = newStore();
  store.create("services", storeObject("web"));
  assert.equal(store.create("endpointslices", storeObject("web-1")).metadata.resourceVersion, "3");
  assert.equal(store.delete("services", "shop", "web").metadata.resourceVersion, "4");
  assert.equal(store.version, 4);
});

test("the generation counts changes of the intent, not of metadata or status", () => {
  const store = newStore();
  const made = store.create("services", storeObject("web"));
  const generations = [
    { ...made, status: { loadBalancer: {} } },
    { ...made, metadata: { name: "web", namespace: "shop", annotations: { a: "b" } } },
    { ...made, metadata: { name: "web", namespace: "shop" }, spec: { type: "NodePort" } },
  ].map((next) => store.replace("services", { ...next, metadata: { name: "web", namespace: "shop" } }).metadata.generation);
  assert.deepEqual(generations, [1, 1, 2]);
});

test("a write that says nothing new is no change", () => {
  const store = newStore();
  const made = store.create("services", storeObject("web"));
  assert.equal(store.replace("services", storeObject("web")), made);
  assert.equal(store.version, 2);
});

test("a write to a version, or an object, that is not the present one any more is refused", () => {
  const store = newStore();
  const first = store.create("services", storeObject("web"));
  store.replace("services", storeObject("web", { spec: { type: "NodePort" } }));
  assert.throws(() => store.replace("services", first), { code: 409, reason: "Conflict" });
  const other = { ...first, metadata: { name: "web", namespace: "shop", uid: "uid-0" } };
  assert.throws(() => store.replace("services", other), { code: 409 });
  assert.throws(() => store.delete("services", "shop", "web", "uid-0"), { code: 409 });
  assert.throws(() => store.create("services", first), { code: 409, reason: "AlreadyExists" });
  assert.throws(() => store.replace("services", storeObject("nobody")), { code: 404, reason: "NotFound" });
});

test("what a caller does to its object afterwards changes nothing in the store", () => {
  const store = newStore();
  const labels = { a: "b" };
  store.create("services", storeObject("web", { labels }));
  labels.a = "c";
  assert.equal(store.get("services", "shop", "web").metadata.labels?.a, "b");
});

test("the state at any version that is remembered can be listed", () => {
  const store = newStore();
  store.create("services", storeObject("a"));
  store.create("services", storeObject("b"));
  store.replace("services", storeObject("a", { spec: { type: "NodePort" } }));
  store.delete("services", "shop", "b");
  store.create("services", storeObject("b", { labels: { second: "yes" } }));
  assert.deepEqual(
    [2, 3, 4, 5, 6].map((version) => names(store.listAt("services", version))),
    [["a"], ["a", "b"], ["a", "b"], ["a"], ["a", "b"]],
  );
  assert.deepEqual(store.listAt("services", 3)[0]?.spec, { type: "ClusterIP" });
  assert.equal(store.listAt("services", 4)[1]?.metadata.labels, undefined);
});

test("the history is bounded: what is older is gone, and said to be", () => {
  const store = newStore(3);
  for (const name of ["a", "b", "c", "d", "e"]) store.create("services", storeObject(name));
  assert.deepEqual(
    store.changesSince("services", 3).map(({ object }) => object.metadata.name),
    ["c", "d", "e"],
  );
  for (const read of [() => store.changesSince("services", 2), () => store.listAt("services", 2)]) {
    assert.throws(read, { code: 410, reason: "Expired" });
  }
  store.compact();
  assert.deepEqual(store.changesSince("services", store.version), []);
  assert.throws(() => store.changesSince("services", store.version - 1), { code: 410 });
});

test("a subscriber hears of every change of its resource, until it ends", () => {
  const store = newStore();
  const heard: string[] = [];
  const end = store.subscribe("services", ({ type, object, previous }) =>
    heard.push(`${type} ${object.metadata.name} after ${previous?.metadata.resourceVersion ?? "nothing"}`),
  );
  store.create("services", storeObject("web"));
  store.create("endpointslices", storeObject("web-1"));
  store.replace("services", storeObject("web", { spec: { type: "NodePort" } }));
  store.delete("services", "shop", "web");
  end();
  store.create("services", storeObject("web"));
  assert.deepEqual(heard, ["ADDED web after nothing", "MODIFIED web after 2", "DELETED web after 4"]);
});
