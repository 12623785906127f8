import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { test } from "node:test";
import type { BlindSpot } from "../../src/domain/blind-spot.ts";
import { findIntercepted, InterceptionWatch } from "../../src/evidence/interception.ts";
import { readSocketTables } from "../../src/evidence/read-socket-tables.ts";

type Row = readonly [local: string, remote: string, state?: string];
const [ESTABLISHED, TIME_WAIT, LISTEN] = ["01", "06", "0A"];
const [POD, NLB, KUBELET, LOOPBACK] = ["0A21000A", "0123000A", "0A20000A", "0100007F"];
const MAPPED = "0000000000000000FFFF0000";

/** As the kernel prints it: 10.0.33.10:40000 is 0A21000A:9C40. */
const table = (...rows: readonly Row[]): string =>
  [
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
    ...rows.map(
      ([local, remote, state = ESTABLISHED], i) =>
        `${String(i).padStart(4)}: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000  1337        0 4711 1 0 20 4 30 10 -1`,
    ),
    "",
  ].join("\n");

const METRICS: Row = ["00000000:268B", "00000000:0000", LISTEN ?? ""];
const ATTEMPT: Row = [`${POD}:9C40`, `${NLB}:0050`];

const CASES: Readonly<Record<string, readonly [tables: readonly string[], isIntercepted: boolean]>> = {
  "nothing is open": [[table()], false],
  "an attempt that the network answers": [[table(METRICS, ATTEMPT)], false],
  "an attempt that a sidecar on port 15001 answers": [[table(METRICS, ATTEMPT, [`${LOOPBACK}:3A99`, `${POD}:9C40`])], true],
  "the sidecar has an IPv6 socket": [
    [table(METRICS, ATTEMPT), table([`${MAPPED}${LOOPBACK}:3A99`, `${MAPPED}${POD}:9C40`])],
    true,
  ],
  "the attempt is over, and the sidecar still waits for the other end": [
    [table([ATTEMPT[0], ATTEMPT[1], "05"], [`${LOOPBACK}:3A99`, `${POD}:9C40`, "08"])],
    true,
  ],
  "the kubelet asks for the metrics": [[table(METRICS, [`${POD}:268B`, `${KUBELET}:9C40`])], false],
  "a sidecar hands a request on to the agent": [
    [table(METRICS, [`0600007F:9C40`, `${POD}:268B`], [`${POD}:268B`, `0600007F:9C40`])],
    false,
  ],
  "a connection inside the pod, beside another one to the same port": [
    [table(METRICS, [`${POD}:268B`, `${KUBELET}:1111`], [`${POD}:9C40`, `${POD}:268B`], [`${POD}:268B`, `${POD}:9C40`])],
    false,
  ],
  "of a connection inside the pod one end is left": [
    [table(METRICS, [`${POD}:268B`, `${KUBELET}:1111`], [`${POD}:9C40`, `${POD}:268B`, TIME_WAIT ?? ""])],
    false,
  ],
  "a source port that is used for two addresses, one of them inside the pod": [
    [table(ATTEMPT, [`${POD}:9C40`, `${POD}:1F90`], [`${POD}:1F90`, `${POD}:9C40`])],
    false,
  ],
};
for (const [what, [tables, isIntercepted]] of Object.entries(CASES)) {
  test(`connections that are ${isIntercepted ? "" : "not "}answered in the pod itself: ${what}`, () => {
    assert.equal(findIntercepted(tables) !== undefined, isIntercepted);
  });
}

test("no connection of this machine's own is taken for an intercepted one, and the kernel's tables can be read", async (t) => {
  const server = createServer((socket) => socket.resume()).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { readonly port: number };
  const socket = connect(port, "127.0.0.1");
  t.after(() => {
    socket.destroy();
    server.close();
  });
  await once(socket, "connect");
  const tables = await readSocketTables();
  assert.match(tables.join(""), new RegExp(`:${port.toString(16).toUpperCase().padStart(4, "0")} `));
  // What others do on this machine is their matter.
  const own = new RegExp(`:(${[port, socket.localPort ?? 0].map((each) => each.toString(16).padStart(4, "0")).join("|")})$`, "i");
  assert.doesNotMatch(findIntercepted(tables)?.client.local ?? "", own);
});

const INTERCEPTED = table(ATTEMPT, [`${LOOPBACK}:3A99`, `${POD}:9C40`]);

function watching(): {
  readonly watch: InterceptionWatch;
  readonly changes: (BlindSpot | undefined)[];
  readonly world: { tables: readonly string[]; nowMs: number; reads: number };
} {
  const world = { tables: [table(ATTEMPT)] as readonly string[], nowMs: 0, reads: 0 };
  const changes: (BlindSpot | undefined)[] = [];
  const watch = new InterceptionWatch({
    read: async () => {
      world.reads++;
      return world.tables;
    },
    nowMs: () => world.nowMs,
    onChange: (found) => changes.push(found),
  });
  return { watch, changes, world };
}

test("a proxy is told once, with the address that was meant and the port that answered", async () => {
  const { watch, changes, world } = watching();
  await watch.connected();
  assert.deepEqual(changes, []);
  world.tables = [INTERCEPTED];
  for (let i = 0; i < 3; i++) {
    world.nowMs += 1_000;
    await watch.connected();
  }
  assert.deepEqual(changes, [
    { by: "proxy", detail: "A connection to 10.0.35.1:80 was answered in this very pod, by what listens on its port 15001." },
  ]);
  assert.equal(watch.found, changes[0]);
});

test("a proxy that is gone is taken back, and not because one connection was over before it was looked at", async () => {
  const { watch, changes, world } = watching();
  world.tables = [INTERCEPTED];
  await watch.connected();
  world.tables = [table(ATTEMPT)];
  for (let i = 0; i < 29; i++) {
    world.nowMs += 60_000;
    await watch.connected();
  }
  assert.equal(changes.length, 1);
  world.nowMs += 60_000;
  await watch.connected();
  assert.deepEqual(changes.slice(1), [undefined]);
});

test("however many connections there are, the tables are read a few times at first and then once a minute", async () => {
  const { watch, world } = watching();
  for (let i = 0; i < 10_000; i++) {
    world.nowMs += 100;
    await watch.connected();
  }
  // 1,000 seconds: 10 looks in the first five, and then one a minute.
  assert.ok(world.reads >= 10 && world.reads <= 10 + 17, String(world.reads));
});

test("where the tables cannot be read nothing is said, and attempts go on", async () => {
  const changes: unknown[] = [];
  const watch = new InterceptionWatch({
    read: async () => {
      throw new Error("EACCES");
    },
    nowMs: () => 0,
    onChange: (found) => changes.push(found),
  });
  await watch.connected();
  assert.deepEqual([changes, watch.found], [[], undefined]);
});
