/** Healthy connections end without a reset: in a namespace where nothing else happens, OutRsts stands still. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { connect, createServer } from "node:net";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { inOwnSandbox } from "../../lab/runner/own-sandbox.ts";
import { eventually, until } from "../support/waiting.ts";
import { attempt, listen, TLS } from "./fixture.ts";

/** Resets that the kernel of this namespace has sent (RFC 4022, tcpOutRsts). */
function outResets(): number {
  const lines = readFileSync("/proc/self/net/snmp", "utf8").split("\n");
  const [names = "", values = ""] = lines.filter((line) => line.startsWith("Tcp:"));
  return Number(values.split(" ")[names.split(" ").indexOf("OutRsts")]);
}

const COUNT = 100;
/** Longer than what is left to do for a connection whose outcome is known. */
const AFTERMATH_MS = 300;
const BODY = "x".repeat(5_000);

await inOwnSandbox(import.meta.filename, () => {
  const servers = {
    tcp: () => createServer((socket) => socket.on("data", () => {}).write("SSH-2.0-talkative\r\n")),
    http: () => createHttpServer((_, response) => response.end(BODY)),
    tls: () => createHttpsServer(TLS, (_, response) => response.end(BODY)),
    https: () => createHttpsServer(TLS, (_, response) => response.end(BODY)),
  } as const;

  for (const protocol of ["tcp", "http", "tls", "https"] as const) {
    test(`${COUNT} healthy ${protocol} attempts send no reset`, async (t) => {
      const port = await listen(t, servers[protocol]());
      const before = outResets();
      let succeeded = 0;
      for (let i = 0; i < COUNT; i++) succeeded += (await attempt({ port, protocol })).kind === "success" ? 1 : 0;
      await sleep(AFTERMATH_MS);
      assert.equal(outResets() - before, 0);
      assert.equal(succeeded, COUNT);
    });
  }

  test("the control: a connection that is reset, or closed with unread data, does count", async (t) => {
    // More than Node reads ahead of a reader: the rest stays in the kernel.
    const port = await listen(
      t,
      createServer((socket) => socket.write(BODY.repeat(100))),
    );
    const before = outResets();
    for (const close of ["resetAndDestroy", "destroy"] as const) {
      const socket = connect(port, "127.0.0.1");
      await until("it has read ahead", () => socket.readableLength >= socket.readableHighWaterMark);
      socket[close]();
    }
    await eventually(() => assert.equal(outResets() - before, 2));
  });
});
