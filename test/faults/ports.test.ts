/** No source port left: the kernel says so before a packet leaves, and the network has no part in it. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { inOwnSandbox } from "../../lab/runner/own-sandbox.ts";
import { attempt, serve } from "../probe/fixture.ts";

const FIRST_PORT = 40_000;
const PORTS = 10;

await inOwnSandbox(import.meta.filename, () => {
  test("with every source port to a frontend in use, its attempts are discarded as shortage, others succeed, and it comes back", async (t) => {
    const [port, other] = [await serve(t, (socket) => socket.resume()), await serve(t, (socket) => socket.resume())];
    writeFileSync("/proc/sys/net/ipv4/ip_local_port_range", `${FIRST_PORT} ${FIRST_PORT + PORTS - 1}`);
    const held: Socket[] = [];
    for (let i = 0; i < PORTS; i++) {
      const socket = connect(port, "127.0.0.1");
      await once(socket, "connect");
      held.push(socket);
    }
    const outcome = await attempt({ port });
    assert.equal(outcome.kind === "discarded" && outcome.why, "shortage", JSON.stringify(outcome));
    assert.match(outcome.kind === "discarded" ? (outcome.detail ?? "") : "", /EADDRNOTAVAIL/);
    // A port is taken for one peer only.
    assert.equal((await attempt({ port: other })).kind, "success");
    for (const socket of held) {
      const closed = once(socket, "close");
      socket.resetAndDestroy();
      await closed;
    }
    assert.equal((await attempt({ port })).kind, "success");
  });
});
