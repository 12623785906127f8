/** Connections through a listener that terminates TLS, on which there is nothing to say: what the other end does by itself tells. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createServer as createTlsServer, type TLSSocket } from "node:tls";
import { eventually } from "../support/waiting.ts";
import { attempt, attemptOnce, listen, TLS } from "./fixture.ts";

/** A TLS server that does the same with each connection, and keeps what it was sent. */
async function serveTls(t: Parameters<typeof listen>[0], onConnection: (socket: TLSSocket) => void) {
  const received: Buffer[] = [];
  const server = createTlsServer(TLS, (socket) => {
    socket.on("error", () => {});
    socket.on("data", (chunk: Buffer) => received.push(chunk));
    onConnection(socket);
  });
  const port = await listen(t, server);
  return { target: { port, protocol: "tls", isListenedTo: true } as const, received };
}

test("silence after the handshake is a success that has heard nobody, and nothing was sent", async (t) => {
  let ended = 0;
  const { target, received } = await serveTls(t, (socket) => socket.once("end", () => ended++));
  const outcome = await attempt(target);
  assert.equal(outcome.kind, "success", JSON.stringify(outcome));
  if (outcome.kind !== "success") return;
  assert.deepEqual(Object.keys(outcome.phases), ["connect", "tls"]);
  await eventually(() => assert.ok(ended > 0));
  assert.deepEqual(received, []);
});

test("a timeout that is shorter than the listening is no failure", async (t) => {
  const { target } = await serveTls(t, () => {});
  assert.equal((await attempt(target, { timeoutMs: 600 })).kind, "success");
});

test("a backend that speaks first has been heard", async (t) => {
  const { target } = await serveTls(t, (socket) => socket.write("220 ready\r\n"));
  const outcome = await attempt(target);
  assert.equal(outcome.kind, "success", JSON.stringify(outcome));
  assert.deepEqual(outcome.kind === "success" && Object.keys(outcome.phases), ["connect", "tls", "first_byte"]);
});

for (const [how, breakOff] of [
  ["ended", (socket: TLSSocket) => socket.end()],
  ["cut", (socket: TLSSocket) => socket.destroy()],
] as const) {
  test(`a connection that is ${how} before anything was said is lost`, async (t) => {
    const { target } = await serveTls(t, breakOff);
    const outcome = await attempt(target);
    assert.equal(outcome.kind, "failure", JSON.stringify(outcome));
    assert.deepEqual(outcome.kind === "failure" && [outcome.reason, outcome.phase], ["connection_lost", "first_byte"]);
  });
}

test("a shutdown while it listens is no outcome", async (t) => {
  const shutdown = new AbortController();
  const { target } = await serveTls(t, () => shutdown.abort());
  assert.deepEqual(await attemptOnce(target, { signal: shutdown.signal }), { kind: "discarded", why: "shutdown" });
});
