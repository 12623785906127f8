/** Sockets that connect again and again: each connection is as fresh as that of a new one, however the one before it ended. */
import assert from "node:assert/strict";
import { createServer, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { inOwnSandbox } from "../../lab/runner/own-sandbox.ts";
import { closeQuietly } from "../../src/probe/quiet-close.ts";
import { TcpSockets } from "../../src/probe/tcp-sockets.ts";
import { eventually, until } from "../support/waiting.ts";
import { firewall, listen, serve } from "./fixture.ts";

const HERE = "127.0.0.1";
const LONGER_THAN_LINGER_MS = 1_200;
/** More than is drained after a FIN. */
const TOO_MUCH = Buffer.alloc(256 * 1024);

interface Connecting {
  readonly socket: Socket;
  readonly events: string[];
}

function connecting(sockets: TcpSockets, port: number, address = HERE): Connecting {
  const events: string[] = [];
  const socket = sockets.connect(address, port, {
    attempted: () => events.push("attempted"),
    connected: () => events.push("connected"),
    failed: (error) => events.push((error as NodeJS.ErrnoException).code ?? error.message),
  });
  return { socket, events };
}

const told = ({ events }: Connecting, event: string): Promise<void> =>
  eventually(() => assert.ok(events.includes(event), events.join(" ")));

const connected = async (connection: Connecting): Promise<Connecting> => {
  await told(connection, "connected");
  return connection;
};
const isIdle = (sockets: TcpSockets): Promise<void> => eventually(() => assert.equal(sockets.idle, 1));

/** What a server saw of each of its connections, one after the other. */
function seenBy(t: TestContext): { readonly seen: string[]; readonly port: Promise<number> } {
  const seen: string[] = [];
  const port = serve(t, (socket) => {
    const index = seen.push(`${socket.remotePort}`) - 1;
    socket.on("end", () => {
      seen[index] += " FIN";
    });
    socket.on("error", (error) => {
      seen[index] += ` ${error.message}`;
    });
    socket.resume();
  });
  return { seen, port };
}

await inOwnSandbox(import.meta.filename, () => {
  test("a socket that was closed makes the next connection, from another port", async (t) => {
    const sockets = new TcpSockets();
    const { seen, port } = seenBy(t);
    const first = await connected(connecting(sockets, await port));
    assert.equal(sockets.idle, 0);
    closeQuietly(first.socket);
    await isIdle(sockets);
    const second = await connected(connecting(sockets, await port));
    assert.ok(second.socket === first.socket);
    closeQuietly(second.socket);
    await isIdle(sockets);
    const ports = seen.map((each) => each.split(" ")[0]);
    assert.equal(new Set(ports).size, 2, ports.join(" "));
    assert.deepEqual(seen, [`${ports[0]} FIN`, `${ports[1]} FIN`]);
    assert.deepEqual([first.events, second.events], Array(2).fill(["attempted", "connected"]));
  });

  const ENDINGS: Readonly<Record<string, (sockets: TcpSockets, t: TestContext) => Promise<Connecting>>> = {
    "was refused": async (sockets) => {
      const connection = connecting(sockets, 1);
      await told(connection, "ECONNREFUSED");
      return connection;
    },
    "got no answer": async (sockets, t) => {
      firewall(t, "127.0.0.2", "drop");
      const connection = connecting(sockets, 9, "127.0.0.2");
      await told(connection, "attempted");
      connection.socket.destroy();
      return connection;
    },
    "was given up before its SYN": async (sockets) => {
      const connection = connecting(sockets, 1);
      connection.socket.destroy();
      return connection;
    },
    "was reset": async (sockets, t) => {
      let peer: Socket | undefined;
      const port = await serve(t, (socket) => {
        peer = socket;
      });
      // Earlier, it would end the connect itself.
      const connection = await connected(connecting(sockets, port));
      await until("it is accepted", () => peer !== undefined);
      peer?.resetAndDestroy();
      return connection;
    },
    "was reset as it closed": async (sockets, t) => {
      const port = await serve(t, (socket) => socket.once("end", () => socket.resetAndDestroy()).resume());
      const connection = await connected(connecting(sockets, port));
      closeQuietly(connection.socket);
      return connection;
    },
    "never got the peer's FIN": async (sockets, t) => {
      const port = await listen(t, createServer({ allowHalfOpen: true }));
      const connection = await connected(connecting(sockets, port));
      closeQuietly(connection.socket);
      return connection;
    },
    "was talked to without end": async (sockets, t) => {
      const port = await listen(
        t,
        createServer({ allowHalfOpen: true }, (socket) => socket.write(TOO_MUCH)),
      );
      const connection = await connected(connecting(sockets, port));
      closeQuietly(connection.socket);
      return connection;
    },
    "was closed by the peer first": async (sockets, t) =>
      connected(connecting(sockets, await serve(t, (socket) => socket.end()))),
  };
  for (const [ending, end] of Object.entries(ENDINGS)) {
    test(`after a connection that ${ending}, the next one is opened and closed like any other`, async (t) => {
      const sockets = new TcpSockets();
      const before = await end(sockets, t);
      await isIdle(sockets);
      const events = [...before.events];
      const { seen, port } = seenBy(t);
      for (let i = 0; i < 2; i++) {
        const next = await connected(connecting(sockets, await port));
        assert.ok(next.socket === before.socket);
        closeQuietly(next.socket);
        await isIdle(sockets);
        assert.deepEqual(next.events, ["attempted", "connected"]);
      }
      assert.deepEqual(
        seen.map((each) => each.replace(/^\d+ /, "")),
        ["FIN", "FIN"],
      );
      assert.deepEqual(before.events, events);
    });
  }

  test("what was drained of one connection is not counted against the next", async (t) => {
    const sockets = new TcpSockets();
    const said = Buffer.alloc(20 * 1024);
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      socket.write(said);
      socket.once("end", () => socket.end(said)).resume();
    });
    const port = await listen(t, server);
    let drained = 0;
    for (let i = 1; i <= 4; i++) {
      const connection = connecting(sockets, port);
      if (i === 1) connection.socket.on("data", (chunk: Buffer) => (drained += chunk.length));
      closeQuietly((await connected(connection)).socket);
      await isIdle(sockets);
    }
    assert.equal(drained, 4 * 2 * said.length);
  });

  test("a connection that was closed twice leaves nothing behind that could end the next", async (t) => {
    const sockets = new TcpSockets();
    const { port } = seenBy(t);
    const { socket } = await connected(connecting(sockets, await port));
    closeQuietly(socket);
    closeQuietly(socket);
    await isIdle(sockets);
    await connected(connecting(sockets, await port));
    await sleep(LONGER_THAN_LINGER_MS);
    assert.equal(socket.destroyed, false);
    closeQuietly(socket);
    await isIdle(sockets);
  });

  test("of many that were connected at once, 64 are kept", async (t) => {
    const sockets = new TcpSockets();
    const { port } = seenBy(t);
    const target = await port;
    const all = await Promise.all(Array.from({ length: 100 }, () => connected(connecting(sockets, target))));
    assert.equal(new Set(all.map(({ socket }) => socket)).size, 100);
    for (const { socket } of all) closeQuietly(socket);
    await eventually(() => assert.ok(all.every(({ socket }) => socket.closed)));
    assert.equal(sockets.idle, 64);
  });
});
