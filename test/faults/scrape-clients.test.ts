/** Clients that never read, never ask, or ask for half: they are so many at most, and they go; meanwhile and afterwards others are served. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { startServer } from "../../src/server/http-server.ts";
import { eventually, PATIENCE_MS } from "../support/waiting.ts";

/** What no kernel buffers on the way (tcp_wmem and tcp_rmem: 4 and 6 MB at most). */
const LARGE_PAGE = "x".repeat(16 * 1024 * 1024);
/** Instead of half a minute, so that nobody waits for two of them: those after the answer took what the kernels buffer, and one more. */
const IDLE_MS = 4_000;
const MOST = 64;
const EACH = 10;
/** In /proc/net/tcp; include/net/tcp_states.h of Linux. */
const ESTABLISHED = "01";

const KINDS = {
  "says nothing": "",
  "asks for half": "GET /metrics HTTP/1.1\r\nhost: x\r\n",
  "never reads": "GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n",
} as const;

async function serving(t: TestContext) {
  const server = await startServer(
    { host: "127.0.0.1", port: 0 },
    {
      metrics: async () => ({ text: LARGE_PAGE, contentType: "text/plain" }),
      page: async () => ({ html: "", headers: {} }),
      status: async () => ({}),
      ready: () => true,
      onError: (error) => assert.fail(String(error)),
    },
    undefined,
    { idleMs: IDLE_MS },
  );
  t.after(() => server.close());
  return server;
}

/** Opens a connection, says this much on it, and reads nothing. */
async function client(port: number, says: string, gone: (socket: Socket) => void = () => {}): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {}).once("close", () => gone(socket));
  await once(socket, "connect");
  socket.pause();
  socket.write(says);
  return socket;
}

const isServed = async (port: number): Promise<void> => {
  const response = await fetch(`http://127.0.0.1:${port}/healthz`, { signal: AbortSignal.timeout(PATIENCE_MS) });
  assert.equal(await response.text(), "ok\n");
};

test("more clients at a time than there is room for are turned away at once", async (t) => {
  const { port } = await serving(t);
  const open = new Set<Socket>();
  for (let i = 0; i < MOST + 20; i++) {
    const socket = await client(port, "", (gone) => open.delete(gone));
    // A paused one would not see its end.
    open.add(socket.resume());
  }
  await eventually(() => assert.equal(open.size, MOST));
  for (const socket of open) socket.destroy();
  await eventually(() => isServed(port));
});

/** Connections to a port that its server still has. */
function establishedAt(port: number): number {
  const local = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const rows = readFileSync("/proc/net/tcp", "utf8")
    .split("\n")
    .map((row) => row.trim().split(/\s+/));
  return rows.filter(([, from, , state]) => from?.endsWith(local) && state === ESTABLISHED).length;
}

test("clients that say nothing, ask for half, or never read are let go, and others are served meanwhile", async (t) => {
  const { port } = await serving(t);
  const peers: Socket[] = [];
  let seen = 0;
  t.after(() => {
    for (const peer of peers) peer.destroy();
  });
  for (const says of Object.values(KINDS)) {
    for (let i = 0; i < EACH; i++) {
      const peer = await client(port, says);
      peers.push(says === KINDS["never reads"] ? peer : peer.resume());
      seen = Math.max(seen, establishedAt(port));
    }
  }
  assert.ok(seen > 1, "the control: connections are seen while they are there");
  await isServed(port);
  // The check's own connection is kept open by fetch for a while.
  await eventually(() => assert.ok(establishedAt(port) <= 1, `${establishedAt(port)} are still there`));
  await isServed(port);
});
