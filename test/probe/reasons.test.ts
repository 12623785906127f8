/** Every reason that an attempt can give, provoked for real. */
import assert from "node:assert/strict";
import { createServer as createHttpServer } from "node:http";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import type { Outcome, Phase, Reason } from "../../src/domain/outcome.ts";
import { PATIENCE_MS, until } from "../support/waiting.ts";
import { attempt, attemptOnce, firewall, listen, SHORT_TIMEOUT_MS, serve } from "./fixture.ts";

const assertFailed = (outcome: Outcome, reason: Reason, phase: Phase, phases: readonly Phase[]) => {
  assert.equal(outcome.kind, "failure", JSON.stringify(outcome));
  if (outcome.kind !== "failure") return;
  assert.deepEqual([outcome.reason, outcome.phase], [reason, phase], outcome.detail);
  assert.deepEqual(Object.keys(outcome.phases), phases, "phases that ended, and no other");
  assert.ok(outcome.detail.length > 0 && outcome.seconds >= 0);
};

test("a port where nobody listens: connect_refused", async (t) => {
  const port = await serve(t, () => {});
  // The port of a server that was just closed: nobody has it now.
  const closed = await new Promise<number>((resolve) => {
    const server = createHttpServer().listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
  assert.notEqual(closed, port);
  assertFailed(await attempt({ port: closed }), "connect_refused", "connect", []);
});

test("a silent drop: connect_timeout at the timeout, with the local port", async (t) => {
  firewall(t, "127.9.0.1", "drop");
  const startedMs = performance.now();
  const outcome = await attempt({ address: "127.9.0.1", port: 80 }, { timeoutMs: 300 });
  const seconds = (performance.now() - startedMs) / 1000;
  assertFailed(outcome, "connect_timeout", "connect", []);
  if (outcome.kind !== "failure") return;
  assert.ok(outcome.seconds >= 0.299 && outcome.seconds <= seconds, `${outcome.seconds} s`);
  assert.ok((outcome.localPort ?? 0) > 1024);
});

test("ICMP host unreachable and prohibited: unreachable", async (t) => {
  firewall(t, "127.9.0.2", "reject with icmp host-unreachable");
  assertFailed(await attempt({ address: "127.9.0.2", port: 80 }), "unreachable", "connect", []);
  firewall(t, "127.9.0.3", "reject with icmp admin-prohibited");
  assertFailed(await attempt({ address: "127.9.0.3", port: 80 }), "unreachable", "connect", []);
});

test("a connection that stands and is reset before it can be read of: connect_reset", async () => {
  // The server resets in a thread of its own while this thread waits for it, so that connect(2) itself ends with the reset.
  const resets = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(
    `const { parentPort, workerData: resets } = require("node:worker_threads");
     const server = require("node:net").createServer((socket) => {
       socket.resetAndDestroy();
       Atomics.add(resets, 0, 1);
       Atomics.notify(resets, 0);
     });
     server.listen(0, "127.0.0.1", () => parentPort.postMessage(server.address().port));`,
    { eval: true, workerData: resets },
  );
  try {
    const port = await new Promise<number>((resolve) => worker.once("message", resolve));
    let outcome: Outcome;
    do {
      const attempting = attemptOnce({ port });
      // Behind the tick in which the SYN leaves.
      await new Promise((resolve) => process.nextTick(resolve));
      Atomics.wait(resets, 0, 0, PATIENCE_MS);
      assert.equal(Atomics.exchange(resets, 0, 0), 1);
      outcome = await attempting;
      // Who waited for the thread for too long has read it late.
    } while (outcome.kind === "discarded");
    assertFailed(outcome, "connect_reset", "connect", []);
  } finally {
    await worker.terminate();
  }
});

test("a TLS handshake that stalls: tls_error, in the phase tls", async (t) => {
  const port = await serve(t, () => {});
  assertFailed(await attempt({ port, protocol: "tls" }, { timeoutMs: SHORT_TIMEOUT_MS }), "tls_error", "tls", ["connect"]);
});

test("something that is not TLS: tls_error", async (t) => {
  const port = await serve(t, (socket) => socket.end("220 mail.example.com ESMTP\r\n"));
  assertFailed(await attempt({ port, protocol: "https" }), "tls_error", "tls", ["connect"]);
});

test("what a failed attempt says is on one line, although OpenSSL's errors end with a line break", async (t) => {
  const port = await serve(t, (socket) => socket.end("220 mail.example.com ESMTP\r\n"));
  const outcome = await attempt({ port, protocol: "tls" });
  assert.match(outcome.kind === "failure" ? outcome.detail : "", /^[^\n\r]+wrong version number[^\n\r]+$/);
});

test("a server that never answers: response_timeout", async (t) => {
  const port = await serve(t, (socket) => socket.resume());
  assertFailed(await attempt({ port, protocol: "http" }, { timeoutMs: SHORT_TIMEOUT_MS }), "response_timeout", "first_byte", [
    "connect",
  ]);
});

test("headers that drip, a byte at a time, are no response either: response_timeout", async (t) => {
  const port = await serve(t, (socket) => {
    socket.write("HTTP/1.1 200 OK\r\nx: ");
    const drip = setInterval(() => socket.write("x"), 50);
    socket.once("close", () => clearInterval(drip));
  });
  assertFailed(await attempt({ port, protocol: "http" }, { timeoutMs: SHORT_TIMEOUT_MS }), "response_timeout", "first_byte", [
    "connect",
  ]);
});

test("closed or reset before the headers are complete: connection_lost", async (t) => {
  const closed = await serve(t, (socket) => socket.once("data", () => socket.end("HTTP/1.1 200 OK\r\ncontent-le")));
  assertFailed(await attempt({ port: closed, protocol: "http" }), "connection_lost", "first_byte", ["connect"]);
  const empty = await serve(t, (socket) => socket.once("data", () => socket.end()));
  assertFailed(await attempt({ port: empty, protocol: "http" }), "connection_lost", "first_byte", ["connect"]);
  const reset = await serve(t, (socket) => socket.once("data", () => socket.resetAndDestroy()));
  assertFailed(await attempt({ port: reset, protocol: "http" }), "connection_lost", "first_byte", ["connect"]);
  const early = await serve(t, (socket) => socket.end());
  assertFailed(await attempt({ port: early, protocol: "http" }), "connection_lost", "first_byte", ["connect"]);
});

test("closed during the TLS handshake: connection_lost, in the phase tls", async (t) => {
  const port = await serve(t, (socket) => socket.once("data", () => socket.end()));
  assertFailed(await attempt({ port, protocol: "tls" }), "connection_lost", "tls", ["connect"]);
});

test("a status of 500 and above: http_error; 404 and 301 are answers", async (t) => {
  const port = await listen(
    t,
    createHttpServer((request, response) => {
      response.writeHead(Number(request.url?.slice(1)), { location: "/elsewhere" }).end("body");
    }),
  );
  for (const status of [500, 503]) {
    const outcome = await attempt({ port, protocol: "http", path: `/${status}` });
    assertFailed(outcome, "http_error", "first_byte", ["connect", "first_byte"]);
  }
  for (const status of [200, 204, 301, 404]) {
    assert.equal((await attempt({ port, protocol: "http", path: `/${status}` })).kind, "success", String(status));
  }
});

test("bytes that are not HTTP, and headers without end: http_error", async (t) => {
  const garbage = await serve(t, (socket) => socket.once("data", () => socket.write("\u0000\u0001not http\r\n\r\n")));
  assertFailed(await attempt({ port: garbage, protocol: "http" }), "http_error", "first_byte", ["connect"]);
  const endless = await serve(t, (socket) =>
    socket.once("data", () => socket.write(`HTTP/1.1 200 OK\r\n${`x: ${"y".repeat(1000)}\r\n`.repeat(100)}`)),
  );
  assertFailed(await attempt({ port: endless, protocol: "http" }), "http_error", "first_byte", ["connect"]);
});

test("shutdown in any phase discards the attempt at once", async (t) => {
  firewall(t, "127.9.0.4", "drop");
  let asked = 0;
  const silent = await serve(t, (socket) => socket.on("data", () => asked++));
  const targets = [
    { address: "127.9.0.4", port: 80 },
    { port: silent, protocol: "tls" },
    { port: silent, protocol: "http" },
  ] as const;
  for (const [i, target] of targets.entries()) {
    const stop = new AbortController();
    let outcome: Outcome | undefined;
    const attempting = attemptOnce(target, { signal: stop.signal }).then((ended) => {
      outcome = ended;
    });
    await until("it waits for an answer", () => asked === i);
    await turn();
    assert.equal(outcome, undefined);
    stop.abort();
    await turn();
    assert.deepEqual(outcome, { kind: "discarded", why: "shutdown" });
    await attempting;
  }
});

/** One turn of the event loop. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
