import assert from "node:assert/strict";
import { connect } from "node:net";
import { type TestContext, test } from "node:test";
import { until } from "../../support/waiting.ts";
import { at, IN_SHOP, SERVICES, serviceBody, startServer, type TestServer } from "./servers.ts";

const WEB = `${IN_SHOP}/web`;
const MERGE = { "content-type": "application/merge-patch+json" };

/** A server that has had three changes: `web` made, `api` made, `web` edited. */
async function withHistory(t: TestContext, options: Parameters<typeof startServer>[1] = {}): Promise<TestServer> {
  const server = await startServer(t, options);
  await server.request("POST", IN_SHOP, serviceBody("web"));
  await server.request("POST", IN_SHOP, serviceBody("api"));
  await server.request("PATCH", WEB, { metadata: { labels: { app: "web" } } }, MERGE);
  return server;
}

test("a watch from a version gets every change since, in order, and then those that come", async (t) => {
  const { request, watch } = await withHistory(t);
  const reader = await watch(`${SERVICES}?watch=1&resourceVersion=2`);
  assert.deepEqual(await reader.brief(2), ["ADDED api", "MODIFIED web"]);
  await request("DELETE", WEB);
  const event = await reader.next();
  assert.deepEqual([at(event, "type"), at(event, "object.metadata.resourceVersion")], ["DELETED", "5"]);
});

test("a watch without a version, or from 0, begins with the objects that are there", async (t) => {
  const { request, watch } = await withHistory(t);
  for (const query of ["watch=true", "watch=1&resourceVersion=0"]) {
    assert.deepEqual(await (await watch(`${SERVICES}?${query}`)).brief(2), ["ADDED api", "ADDED web"]);
  }
  const one = await watch(`${WEB}?watch=1`);
  await request("DELETE", `${IN_SHOP}/api`);
  await request("DELETE", WEB);
  assert.deepEqual(await one.brief(2), ["ADDED web", "DELETED web"]);
});

test("a watch with a selector sees an object enter as added and leave as deleted", async (t) => {
  const { request, watch } = await withHistory(t);
  const reader = await watch(`${SERVICES}?watch=1&resourceVersion=4&fieldSelector=spec.type%3DLoadBalancer`);
  await request("PATCH", WEB, { spec: { type: "ClusterIP" } }, MERGE);
  await request("PATCH", WEB, { metadata: { labels: { app: "hidden" } } }, MERGE);
  await request("PATCH", WEB, { spec: { type: "LoadBalancer" } }, MERGE);
  const left = await reader.next();
  assert.deepEqual(
    [at(left, "type"), at(left, "object.spec.type"), at(left, "object.metadata.resourceVersion")],
    ["DELETED", "LoadBalancer", "5"],
  );
  assert.deepEqual(await reader.brief(1), ["ADDED web"]);
});

test("a watch from a version that is forgotten is told 410 in an event, and ends", async (t) => {
  const { watch } = await withHistory(t, { history: 1 });
  const reader = await watch(`${SERVICES}?watch=1&resourceVersion=2`);
  assert.equal(reader.status, 200);
  const event = await reader.next();
  assert.deepEqual(
    [at(event, "type"), at(event, "object.kind"), at(event, "object.code"), at(event, "object.reason")],
    ["ERROR", "Status", 410, "Expired"],
  );
  assert.equal(await reader.next(), undefined);
});

test("bookmarks come to who asked for them, with the latest version and nothing else", async (t) => {
  const { request, watch } = await withHistory(t, { bookmarkEveryMs: 20 });
  const [with_, without] = [
    await watch(`${SERVICES}?watch=1&resourceVersion=4&allowWatchBookmarks=true`),
    await watch(`${SERVICES}?watch=1&resourceVersion=4`),
  ];
  assert.deepEqual(await with_.next(), {
    type: "BOOKMARK",
    object: { kind: "Service", apiVersion: "v1", metadata: { resourceVersion: "4" } },
  });
  await with_.next();
  await request("DELETE", WEB);
  assert.deepEqual(await without.brief(1), ["DELETED web"]);
});

test("a watch ends by itself when its time is up", async (t) => {
  const { watch, server } = await withHistory(t);
  await watch(`${SERVICES}?watch=1&resourceVersion=4`);
  const reader = await watch(`${SERVICES}?watch=1&resourceVersion=4&timeoutSeconds=1`);
  assert.equal(await reader.next(), undefined);
  assert.equal(server.openWatches, 1, "the one whose time is not up");
});

test("streaming lists that contradict themselves are refused", async (t) => {
  const { request } = await withHistory(t);
  for (const query of ["watch=1&sendInitialEvents=true", "watch=1&resourceVersionMatch=NotOlderThan", "sendInitialEvents=true"]) {
    const answer = await request("GET", `${SERVICES}?${query}`);
    assert.deepEqual([answer.status, at(answer.json, "reason")], [422, "Invalid"]);
  }
  assert.equal((await request("GET", `${SERVICES}?watch=1&resourceVersion=99`)).status, 504);
});

test("as Tables, each event carries a row", async (t) => {
  const { watch } = await withHistory(t);
  const reader = await watch(`${SERVICES}?watch=1`, { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" });
  for (const name of ["api", "web"]) {
    const event = await reader.next();
    assert.deepEqual([at(event, "type"), at(event, "object.kind"), at(event, "object.rows.0.cells.0")], ["ADDED", "Table", name]);
  }
});

test("a client that does not read is cut off before it costs more than a bound", async (t) => {
  const { store, server, request } = await startServer(t);
  await request("POST", IN_SHOP, serviceBody("web"));
  const socket = connect(server.port, "127.0.0.1");
  socket.pause();
  socket.on("error", () => {});
  socket.write(`GET ${SERVICES}?watch=1 HTTP/1.1\r\nhost: lab\r\n\r\n`);
  const web = store.get("services", "shop", "web");
  await until("the watch opens", () => server.openWatches > 0);
  for (let i = 0; server.openWatches > 0; i++) {
    assert.ok(i < 200, "200 changes of 200 kB each, and the watch is still open");
    store.replace("services", {
      ...web,
      metadata: { name: "web", namespace: "shop", annotations: { i: `${i}${"x".repeat(200_000)}` } },
    });
    await new Promise((resolve) => setImmediate(resolve));
  }
  socket.destroy();
});
