/** What a backend that answers can do to an agent: it has the time of one attempt, a bound of memory, and no other attempt's. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer as createHttpsServer } from "node:https";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import tls from "node:tls";
import type { AttemptTarget } from "../../src/probe/attempt.ts";
import { attempt, attemptOnce, listen, SHORT_TIMEOUT_MS, serve } from "../probe/fixture.ts";
import { makeAuthority } from "../support/certificates.ts";
import { eventually } from "../support/waiting.ts";

const GIGABYTE = 1024 ** 3;
/** What waits in the kernel's buffers of both ends, and what an agent reads at most. */
const MAX_TAKEN = 16 * 1024 ** 2;
const TIMEOUT_MS = 1_500;

/** Sends the same again and again, as fast as it is taken, a gigabyte at most. @returns how much was taken. */
function flood(socket: Socket, text: string): () => number {
  const chunk = Buffer.from(text.repeat(Math.ceil(65_536 / text.length)));
  let written = 0;
  const go = () => {
    while (!socket.destroyed && written < GIGABYTE) {
      written += chunk.length;
      if (!socket.write(chunk)) return;
    }
  };
  socket.on("drain", go);
  go();
  return () => written - socket.writableLength;
}

/** Each begins with what comes first, and goes on with the rest for a gigabyte. */
const FLOODS: readonly (readonly [what: string, protocol: AttemptTarget["protocol"], first: string, rest: string])[] = [
  ["a body of a gigabyte", "http", `HTTP/1.1 200 OK\r\ncontent-length: ${GIGABYTE}\r\n\r\n`, "x".repeat(65_536)],
  [
    "a body without end, in chunks",
    "http",
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
    "400\r\n".padEnd(1_029, "x").concat("\r\n"),
  ],
  ["headers without end", "http", "HTTP/1.1 200 OK\r\n", `x: ${"y".repeat(1_000)}\r\n`],
  ["one header without end", "http", "HTTP/1.1 200 OK\r\nx: ", "y".repeat(1_000)],
  ["a status line without end", "http", "HTTP/1.1 200 ", "O".repeat(1_000)],
  ["trailers without end", "http", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n", `x: ${"y".repeat(1_000)}\r\n`],
  ["early hints without end", "http", "", "HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n"],
  ["one response after another", "http", "", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"],
  ["talk on a connection that nobody reads", "tcp", "", "x".repeat(1_000)],
  ["what is not TLS", "tls", "", "220 mail.example.com ESMTP\r\n"],
  ["TLS records of nothing", "https", "", "\u0016\u0003\u0003\u0000\u0000"],
];

test("a gigabyte of anything is one outcome in time, little of it is taken, and the connection ends", async (t) => {
  for (const [what, protocol, first, rest] of FLOODS) {
    await t.test(what, async (t) => {
      let open = 0;
      let taken = () => 0;
      const port = await serve(t, (socket) => {
        open++;
        socket.once("close", () => open--);
        // It goes on after our FIN.
        socket.allowHalfOpen = true;
        const begin = () => {
          socket.write(first);
          taken = flood(socket, rest);
        };
        if (protocol === "tcp") begin();
        else socket.once("data", begin);
      });
      const memory = process.memoryUsage().rss;
      await attemptOnce({ port, protocol }, { timeoutMs: TIMEOUT_MS });
      await eventually(() => assert.equal(open, 0));
      assert.ok(taken() < MAX_TAKEN, `${taken()} bytes were taken`);
      assert.ok(process.memoryUsage().rss - memory < 200 * 1024 ** 2);
    });
  }
});

test("what a peer gets into the detail of a failure is short: the names of a certificate are not told all", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "hairpin-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const authority = makeAuthority(folder, "authority");
  const names = Array.from({ length: 500 }, (_, i) => `name-${i}-${"x".repeat(40)}.example`);
  const trusted = tls.getCACertificates();
  tls.setDefaultCACertificates([authority.cert]);
  t.after(() => tls.setDefaultCACertificates(trusted));
  const port = await listen(
    t,
    createHttpsServer(authority.issue("many", { names }), (_, response) => response.end("ok")),
  );
  const outcome = await attempt({ port, protocol: "https" }, { verifyTls: true });
  const detail = outcome.kind === "failure" ? outcome.detail : "";
  assert.match(detail, /^Hostname\/IP does not match certificate's altnames.*name-0-/);
  assert.ok(detail.length <= 300, `${detail.length} characters`);
});

test("a byte a minute, in every phase: the attempt ends at its deadline", async (t) => {
  const slow = await serve(t, (socket) => {
    socket.once("data", () => socket.write("H"));
  });
  const reasons = { http: "response_timeout", tls: "tls_error", https: "tls_error" } as const;
  for (const [protocol, reason] of Object.entries(reasons) as ["http" | "tls" | "https", string][]) {
    const outcome = await attempt({ port: slow, protocol }, { timeoutMs: SHORT_TIMEOUT_MS });
    assert.equal(outcome.kind === "failure" && outcome.reason, reason, protocol);
  }
});

test("any bytes at all are an outcome, in every protocol", async (t) => {
  const port = await serve(t, (socket) => {
    socket.once("data", () => socket.end(randomBytes(4_096)));
  });
  for (const protocol of ["http", "tls", "https"] as const) {
    for (let i = 0; i < 50; i++) {
      const outcome = await attemptOnce({ port, protocol });
      assert.notEqual(outcome.kind, "success", JSON.stringify(outcome));
    }
  }
});
