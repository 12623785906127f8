import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { type ServerTimes, startServer } from "../../src/server/http-server.ts";
import { eventually, PATIENCE_MS, until } from "../support/waiting.ts";

const PAGE = {
  page: async () => ({ html: "<p>hello</p>", headers: { "content-type": "text/html", "x-frame-options": "DENY" } }),
  status: async () => ({ schemaVersion: 1 }),
};

interface Given {
  readonly ready?: () => boolean;
  readonly metrics?: () => Promise<string>;
  readonly times?: Partial<ServerTimes>;
}

const harness = async (t: TestContext, given: Given = {}) => {
  const errors: unknown[] = [];
  const server = await startServer(
    { host: "127.0.0.1", port: 0 },
    {
      metrics: async () => ({
        text: await (given.metrics ?? (async () => "up 1\n"))(),
        contentType: "text/plain; version=0.0.4",
      }),
      ...PAGE,
      ready: given.ready ?? (() => true),
      onError: (error) => errors.push(error),
    },
    undefined,
    given.times,
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

test("/ is the page with its own headers, /api/v1/status the same as JSON that nobody keeps", async (t) => {
  const { get, server } = await harness(t);
  assert.deepEqual(await get("/"), { status: 200, type: "text/html", text: "<p>hello</p>" });
  const page = await fetch(`http://127.0.0.1:${server.port}/?x=1`);
  assert.equal(page.headers.get("x-frame-options"), "DENY");
  const status = await fetch(`http://127.0.0.1:${server.port}/api/v1/status`);
  assert.deepEqual(await status.json(), { schemaVersion: 1 });
  assert.equal(status.headers.get("content-type"), "application/json");
  assert.equal(status.headers.get("cache-control"), "no-store");
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

test("every answer is to be read as what it is sent as: text as text, JSON as JSON", async (t) => {
  const { server } = await harness(t);
  const types = {
    "/metrics": "text/plain",
    "/api/v1/status": "application/json",
    "/healthz": "text/plain",
    "/<script>": "text/plain",
  };
  for (const [path, type] of Object.entries(types)) {
    const { headers } = await fetch(`http://127.0.0.1:${server.port}${path}`);
    assert.ok(headers.get("content-type")?.startsWith(type), path);
    assert.equal(headers.get("x-content-type-options"), "nosniff", path);
  }
});

interface Client {
  readonly socket: Socket;
  answer: string;
  closed: boolean;
}

/** Clients that begin a request and never end it, in the order in which they have connected. */
async function beginners(t: TestContext, port: number, count: number): Promise<readonly Client[]> {
  const clients: Client[] = [];
  for (let i = 0; i < count; i++) {
    const socket = connect(port, "127.0.0.1");
    const client = { socket, answer: "", closed: false };
    clients.push(client);
    t.after(() => socket.destroy());
    socket.setEncoding("utf8").on("data", (text: string) => {
      client.answer += text;
    });
    socket
      .on("error", () => {})
      .once("close", () => {
        client.closed = true;
      });
    // One that is turned away may never see that it was connected.
    await new Promise((resolve) => socket.once("connect", resolve).once("close", resolve));
    socket.write("GET /metrics HTTP/1.1\r\nx: ");
  }
  return clients;
}

test("more clients than there is room for are turned away, and those who do not end their request let go", async (t) => {
  await turnsAway(t);
  await letsGo(t);
});

async function turnsAway(t: TestContext): Promise<void> {
  const { get, server } = await harness(t, { times: { requestMs: 10 * PATIENCE_MS } });
  const clients = await beginners(t, server.port, 81);
  // The server takes them in the order in which they came.
  await until("the last one is turned away", () => clients.at(-1)?.closed === true);
  assert.deepEqual(
    clients.map(({ closed }) => closed),
    clients.map((_, i) => i >= 64),
  );
  for (const { socket } of clients) socket.destroy();
  await eventually(async () => assert.equal((await get("/healthz")).status, 200));
}

async function letsGo(t: TestContext): Promise<void> {
  const { get, server } = await harness(t, { times: { requestMs: 100, checkEveryMs: 20 } });
  const clients = await beginners(t, server.port, 5);
  await until("all of them are let go", () => clients.every(({ closed }) => closed));
  for (const { answer } of clients) assert.match(answer, /^HTTP\/1\.1 408 /);
  // On a busy machine one that is just slow may be let go, too.
  await eventually(async () => assert.equal((await get("/healthz")).status, 200));
}

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
  const endpoints = { ...PAGE, metrics: async () => ({ text: "", contentType: "" }), ready: () => true, onError: () => {} };
  await assert.rejects(
    startServer({ host: "127.0.0.1", port: server.port }, endpoints),
    new RegExp(`127\\.0\\.0\\.1:${server.port}`),
  );
});
