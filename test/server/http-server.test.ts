import assert from "node:assert/strict";
import { connect } from "node:net";
import { type TestContext, test } from "node:test";
import { startServer } from "../../src/server/http-server.ts";

const harness = async (t: TestContext, given: { ready?: () => boolean; metrics?: () => Promise<string> } = {}) => {
  const errors: unknown[] = [];
  const server = await startServer(
    { host: "127.0.0.1", port: 0 },
    {
      metrics: async () => ({
        text: await (given.metrics ?? (async () => "up 1\n"))(),
        contentType: "text/plain; version=0.0.4",
      }),
      ready: given.ready ?? (() => true),
      onError: (error) => errors.push(error),
    },
  );
  t.after(() => server.close());
  const get = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`, init);
    return { status: response.status, type: response.headers.get("content-type"), text: await response.text() };
  };
  return { get, errors, server };
};

test("/metrics is the exposition text with its content type", async (t) => {
  const { get } = await harness(t);
  assert.deepEqual(await get("/metrics"), { status: 200, type: "text/plain; version=0.0.4", text: "up 1\n" });
});

test("/healthz says alive from the start, /readyz only once the first snapshot is planned", async (t) => {
  let ready = false;
  const { get } = await harness(t, { ready: () => ready });
  assert.equal((await get("/healthz")).status, 200);
  assert.equal((await get("/readyz")).status, 503);
  ready = true;
  assert.equal((await get("/readyz")).status, 200);
});

test("other paths are not found, other methods not allowed", async (t) => {
  const { get } = await harness(t);
  assert.equal((await get("/etc/passwd")).status, 404);
  assert.equal((await get("/metrics", { method: "POST", body: "x" })).status, 405);
  assert.equal((await get("/metrics", { method: "HEAD" })).text, "");
});

test("an error while rendering is a 500 for the client and reported, and the server goes on", async (t) => {
  const { get, errors } = await harness(t, { metrics: () => Promise.reject(new Error("boom")) });
  assert.equal((await get("/metrics")).status, 500);
  assert.equal((errors[0] as Error).message, "boom");
  assert.equal((await get("/healthz")).status, 200);
});

test("closing lets go of clients that keep their connection open", async (t) => {
  const { server } = await harness(t);
  const client = connect(server.port, "127.0.0.1");
  client.on("error", () => {});
  await new Promise((resolve) => client.once("connect", resolve));
  const closed = new Promise((resolve) => client.once("close", resolve));
  await server.close();
  await closed;
});

test("an address that is taken is an error with the address in it", async (t) => {
  const { server } = await harness(t);
  const endpoints = { metrics: async () => ({ text: "", contentType: "" }), ready: () => true, onError: () => {} };
  await assert.rejects(
    startServer({ host: "127.0.0.1", port: server.port }, endpoints),
    new RegExp(`127\\.0\\.0\\.1:${server.port}`),
  );
});
