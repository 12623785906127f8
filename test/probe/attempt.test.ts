/** What a healthy attempt does and does not do. */
import assert from "node:assert/strict";
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { test } from "node:test";
import { eventually, until } from "../support/waiting.ts";
import { attempt, attemptOnce, HOSTNAME, listen, serve, TLS } from "./fixture.ts";

test("a port that did not say what it speaks gets no byte", async (t) => {
  const received: Buffer[] = [];
  let [connections, ended] = [0, 0];
  const port = await serve(t, (socket) => {
    connections++;
    socket.on("data", (chunk: Buffer) => received.push(chunk));
    socket.once("end", () => ended++);
  });
  const outcome = await attempt({ port, protocol: "tcp" });
  assert.equal(outcome.kind, "success");
  await eventually(() => assert.ok(ended > 0 && ended === connections));
  assert.deepEqual(received, []);
});

test("every attempt has a fresh connection and a fresh source port", async (t) => {
  const ports = new Set<number | undefined>();
  const port = await listen(
    t,
    createHttpServer((request, response) => {
      ports.add(request.socket.remotePort);
      response.end("ok");
    }),
  );
  // One that is read late has had its connection all the same.
  for (let i = 0; i < 20; i++) assert.notEqual((await attemptOnce({ port, protocol: "http" })).kind, "failure");
  assert.equal(ports.size, 20);
});

test("Host, with the port where it is not the scheme's own, and path are the client's; the connection goes to the address", async (t) => {
  const seen: (string | undefined)[] = [];
  const port = await listen(
    t,
    createHttpServer((request, response) => {
      seen.push(request.headers.host, request.url, request.method, request.headers["user-agent"], request.headers.connection);
      response.end();
    }),
  );
  await attemptOnce({ port, protocol: "http", path: "/healthz" });
  assert.deepEqual(seen, [`${HOSTNAME}:${port}`, "/healthz", "GET", "hairpin-probe/test", "close"]);
});

test("https: SNI carries the hostname, the certificate is not verified by default, its expiry is told, phases are timed", async (t) => {
  const names: unknown[] = [];
  const server = createHttpsServer(TLS, (_, response) => response.end("ok"));
  server.on("secureConnection", (socket) => names.push(socket.servername));
  const port = await listen(t, server);
  const startedMs = performance.now();
  const outcome = await attempt({ port, protocol: "https" });
  const seconds = (performance.now() - startedMs) / 1000;
  assert.equal(outcome.kind, "success", JSON.stringify(outcome));
  if (outcome.kind !== "success") return;
  assert.deepEqual([...new Set(names)], [HOSTNAME]);
  assert.deepEqual(Object.keys(outcome.phases), ["connect", "tls", "first_byte"]);
  const phases = Object.values(outcome.phases);
  assert.ok(
    phases.every((phase) => phase > 0),
    phases.join(),
  );
  assert.ok(phases.reduce((sum, phase) => sum + phase) < seconds, "the phases are parts of the attempt");
  assert.ok((outcome.certificateExpiry ?? 0) > Date.now() / 1000 + 10 * 365 * 86_400);
});

test("a certificate that does not hold fails the attempt only where it is asked to, and its expiry is told all the same", async (t) => {
  const port = await listen(
    t,
    createHttpsServer(TLS, (_, response) => response.end("ok")),
  );
  assert.equal((await attempt({ port, protocol: "tls" })).kind, "success");
  const outcome = await attempt({ port, protocol: "tls" }, { verifyTls: true });
  assert.equal(outcome.kind === "failure" && outcome.reason, "tls_error", JSON.stringify(outcome));
});

test("an IPv6 address is an address like any other", async (t) => {
  const port = await listen(
    t,
    createHttpServer((_, response) => response.end("ok")),
    "::1",
  );
  assert.equal((await attempt({ address: "::1", port, protocol: "http", hostname: undefined })).kind, "success");
});

test("an endless body, or one that never comes, neither delays the outcome nor keeps the connection", async (t) => {
  let open = 0;
  const body = (write: (send: (text: string) => void) => void) =>
    serve(t, (socket) => {
      open++;
      socket.once("close", () => open--);
      socket.once("data", () => {
        socket.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
        write((text) => !socket.destroyed && socket.write(text));
      });
    });
  const chunk = `1000\r\n${"x".repeat(0x1000)}\r\n`;
  const endless = await body((send) => {
    const timer = setInterval(() => send(chunk.repeat(8)), 5);
    t.after(() => clearInterval(timer));
  });
  const missing = await body(() => {});
  for (const port of [endless, missing]) {
    assert.equal((await attempt({ port, protocol: "http" })).kind, "success");
  }
  await eventually(() => assert.equal(open, 0));
});

test("a peer that never answers our FIN is let go", async (t) => {
  let open = 0;
  const port = await listen(
    t,
    createHttpServer().on("connection", (socket) => {
      open++;
      socket.allowHalfOpen = true;
      socket.once("close", () => open--);
    }),
  );
  assert.equal((await attempt({ port, protocol: "tcp" })).kind, "success");
  await eventually(() => assert.equal(open, 0));
});

test("a connection that somebody looks at stays open until they have, whatever it speaks", async (t) => {
  for (const protocol of ["tcp", "http"] as const) {
    let ended = false;
    const closed = Promise.withResolvers<void>();
    const port = await serve(t, (socket) => {
      socket.once("data", () => socket.write("HTTP/1.1 204 No Content\r\n\r\n"));
      socket.on("end", () => {
        ended = true;
        closed.resolve();
      });
    });
    const looked = Promise.withResolvers<void>();
    const outcome = await attempt({ port, protocol }, { onConnected: () => looked.promise });
    assert.equal(outcome.kind, "success");
    // A close would be here by then: another connection has come and gone.
    await attempt({ port, protocol: "tcp" }, { onConnected: () => undefined });
    await closed.promise;
    ended = false;
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(ended, false, protocol);
    looked.resolve();
    await until("the end of the connection that was looked at", () => ended);
  }
});
