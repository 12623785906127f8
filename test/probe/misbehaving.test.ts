/** Backends that never stop talking, or hardly begin: none costs more than its own attempt, and what is read of it is bounded. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import { type TestContext, test } from "node:test";
import type { Outcome } from "../../src/domain/outcome.ts";
import { eventually } from "../support/waiting.ts";
import { attempt, attemptOnce, SHORT_TIMEOUT_MS, serve } from "./fixture.ts";

const GIGABYTE = 1e9;
const CHUNK_BYTES = 64 * 1024;
/** What the attempt reads, and what both kernels' buffers hold of what it does not (tcp_wmem and tcp_rmem: 4 and 6 MB at most). */
const MAX_SENT_BYTES = 16e6;

interface Flooding {
  readonly port: number;
  /** What the peer's kernel has taken of one connection, at most. */
  readonly sentBytes: () => number;
  readonly open: () => number;
}

/** A server that, once asked, says `first` and then `chunk` again and again, as fast as it is read, for a gigabyte. */
async function flood(t: TestContext, first: string | Buffer, chunk: () => Buffer, isAsked = true): Promise<Flooding> {
  let [mostSent, open] = [0, 0];
  const pour = (socket: Socket, sent = 0): void => {
    if (socket.destroyed || sent >= GIGABYTE) return;
    const bytes = chunk();
    socket.write(bytes, () => {
      mostSent = Math.max(mostSent, sent + bytes.length);
      // Others share this process.
      setImmediate(pour, socket, sent + bytes.length);
    });
  };
  const port = await serve(t, (socket) => {
    open++;
    // A FIN does not stop it.
    socket.allowHalfOpen = true;
    socket.once("close", () => open--);
    const begin = () => {
      socket.write(first);
      pour(socket);
    };
    if (isAsked) socket.once("data", begin);
    else {
      socket.resume();
      begin();
    }
  });
  return { port, sentBytes: () => mostSent, open: () => open };
}

async function assertCutOff({ sentBytes, open }: Flooding): Promise<void> {
  await eventually(() => assert.equal(open(), 0, "the connection is closed"));
  assert.ok(sentBytes() < MAX_SENT_BYTES, `${sentBytes()} bytes`);
}

const reasonOf = (outcome: Outcome): string => (outcome.kind === "failure" ? outcome.reason : outcome.kind);
const header = Buffer.from(`x-${"y".repeat(1000)}: z\r\n`.repeat(64));
const body = Buffer.alloc(CHUNK_BYTES, "x");

test("headers without end are no response, and are not read on", async (t) => {
  const flooding = await flood(t, "HTTP/1.1 200 OK\r\n", () => header);
  assert.equal(reasonOf(await attempt({ port: flooding.port, protocol: "http" })), "http_error");
  await assertCutOff(flooding);
});

test("informational responses without end are no response, and are not read on", async (t) => {
  const flooding = await flood(t, "", () => Buffer.from("HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n".repeat(100)));
  const outcome = await attemptOnce({ port: flooding.port, protocol: "http" });
  // The flood keeps the prober's own loop busy: it may be late, but it must not be taken in.
  assert.ok(["http_error", "discarded"].includes(reasonOf(outcome)), JSON.stringify(outcome));
  await assertCutOff(flooding);
});

test("a body of a gigabyte is an answer, and is not read", async (t) => {
  const flooding = await flood(t, `HTTP/1.1 200 OK\r\ncontent-length: ${GIGABYTE}\r\n\r\n`, () => body);
  assert.equal(reasonOf(await attempt({ port: flooding.port, protocol: "http" })), "success");
  await assertCutOff(flooding);
});

test("a greeting of a gigabyte on a port that did not say what it speaks is a success, and is not read", async (t) => {
  const flooding = await flood(t, "220 hello\r\n", () => body, false);
  assert.equal(reasonOf(await attempt({ port: flooding.port, protocol: "tcp" })), "success");
  await assertCutOff(flooding);
});

test("one byte a minute is no response: response_timeout, and the connection is closed", async (t) => {
  let open = 0;
  const port = await serve(t, (socket) => {
    open++;
    socket.once("close", () => open--);
    socket.once("data", () => {
      socket.write("H");
      const drip = setInterval(() => socket.write("T"), 60_000);
      socket.once("close", () => clearInterval(drip));
    });
  });
  const outcome = await attempt({ port, protocol: "http" }, { timeoutMs: SHORT_TIMEOUT_MS });
  assert.equal(reasonOf(outcome), "response_timeout");
  await eventually(() => assert.equal(open, 0));
});

for (const [name, first] of [
  ["from the first byte", Buffer.from([0xff])],
  ["inside a record of a handshake", Buffer.from([0x16, 0x03, 0x03, 0x40, 0x00])],
] as const) {
  test(`a gigabyte of garbage instead of TLS, ${name}: tls_error, and is not read on`, async (t) => {
    const flooding = await flood(t, first, () => randomBytes(CHUNK_BYTES));
    assert.equal(reasonOf(await attempt({ port: flooding.port, protocol: "https" })), "tls_error");
    await assertCutOff(flooding);
  });
}
