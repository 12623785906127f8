import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { Resolver } from "node:dns/promises";
import { once } from "node:events";
import { connect } from "node:net";
import { type TestContext, test } from "node:test";
import { type DnsServer, startDnsServer } from "../../../lab/dns/server.ts";
import { PATIENCE_MS } from "../../support/waiting.ts";

const NLB = "k8s-shop-web-0123456789-0123456789abcdef.elb.eu-west-1.amazonaws.com";
const RECORDS = new Map([
  [NLB, { addresses: ["10.0.35.1", "10.0.67.1"], ttlSeconds: 60 }],
  [`eu-west-1a.${NLB}`, { addresses: ["10.0.35.1"], ttlSeconds: 60 }],
]);

/** Only what is never answered is waited for so briefly. */
const SILENT_FOR_MS = 150;

async function start(t: TestContext, random: () => number = Math.random) {
  const errors: Error[] = [];
  const server = await startDnsServer({ host: "127.0.0.1", port: 0, random, onError: (error) => errors.push(error) });
  t.after(async () => {
    await server.close();
    assert.deepEqual(errors, []);
  });
  server.setRecords(RECORDS);
  return { server, resolver: resolverOf(server) };
}

function resolverOf({ port }: DnsServer, timeout = PATIENCE_MS): Resolver {
  const resolver = new Resolver({ timeout, tries: 1 });
  resolver.setServers([`127.0.0.1:${port}`]);
  return resolver;
}

/** A query as RFC 1035 section 4.1 lays it out, with `id` 0x1234 and recursion desired. */
function query(name: string, { flags = 0x0100, type = 1, questions = 1 } = {}): Buffer {
  const labels = name.split(".").flatMap((label) => [Buffer.from([label.length]), Buffer.from(label)]);
  const [header, tail] = [Buffer.alloc(12), Buffer.alloc(5)];
  header.writeUInt16BE(0x1234, 0);
  header.writeUInt16BE(flags, 2);
  header.writeUInt16BE(questions, 4);
  tail.writeUInt16BE(type, 1);
  tail.writeUInt16BE(1, 3);
  return Buffer.concat([header, ...labels, tail]);
}

/** Sends packets by UDP and returns the first answer. */
async function exchange(port: number, ...packets: readonly Buffer[]): Promise<Buffer> {
  const socket = createSocket("udp4");
  try {
    for (const packet of packets) socket.send(packet, port, "127.0.0.1");
    const [answer] = await once(socket, "message", { signal: AbortSignal.timeout(PATIENCE_MS) });
    return answer as Buffer;
  } finally {
    socket.close();
  }
}

test("a name answers with all its addresses and their TTL, a zonal name with its own", async (t) => {
  const { resolver } = await start(t);
  const answer = await resolver.resolve4(NLB, { ttl: true });
  assert.deepEqual(new Set(answer.map(({ address }) => address)), new Set(["10.0.35.1", "10.0.67.1"]));
  assert.deepEqual(
    answer.map(({ ttl }) => ttl),
    [60, 60],
  );
  assert.deepEqual(await resolver.resolve4(`eu-west-1a.${NLB}`), ["10.0.35.1"]);
});

test("letter case makes no difference to the lookup, and the answer repeats the question as it came", async (t) => {
  const { server } = await start(t);
  const question = query(`Eu-West-1A.${NLB}`);
  const answer = await exchange(server.port, question);
  assert.deepEqual(answer.subarray(12, question.length), question.subarray(12));
  assert.equal(answer.readUInt16BE(6), 1);
});

test("a name that is there without the type asked for has no data, a name that is not there does not exist", async (t) => {
  const { resolver } = await start(t);
  await assert.rejects(resolver.resolve6(NLB), { code: "ENODATA" });
  await assert.rejects(resolver.resolveTxt(NLB), { code: "ENODATA" });
  await assert.rejects(resolver.resolve4("nobody.example.com"), { code: "ENOTFOUND" });
});

test("the order of addresses follows the random numbers", async (t) => {
  let next = 0;
  const { resolver } = await start(t, () => next);
  assert.deepEqual(await resolver.resolve4(NLB), ["10.0.35.1", "10.0.67.1"]);
  next = 0.99;
  assert.deepEqual(await resolver.resolve4(NLB), ["10.0.67.1", "10.0.35.1"]);
});

test("new records replace the old ones whole, and records that DNS cannot carry change nothing", async (t) => {
  const { server, resolver } = await start(t);
  server.setRecords(new Map([["other.example.com", { addresses: ["10.1.2.3"], ttlSeconds: 5 }]]));
  await assert.rejects(resolver.resolve4(NLB), { code: "ENOTFOUND" });
  const wrong = [
    ["a..b", { addresses: [], ttlSeconds: 1 }, /a\.\.b/],
    ["a.b", { addresses: ["::1"], ttlSeconds: 1 }, /a\.b.*"::1".*IPv4/],
    ["a.b", { addresses: [], ttlSeconds: -1 }, /a\.b.*TTL -1/],
  ] as const;
  for (const [name, record, message] of wrong) {
    assert.throws(() => server.setRecords(new Map([[name, record]])), { name: "RangeError", message });
  }
  assert.deepEqual(await resolver.resolve4("other.example.com"), ["10.1.2.3"]);
});

test("each fault shows as what it is, and goes when it is switched off", async (t) => {
  const { server, resolver } = await start(t);
  const impatient = resolverOf(server, SILENT_FOR_MS);
  const codes = { silent: "ETIMEOUT", servfail: "ESERVFAIL", nxdomain: "ENOTFOUND" } as const;
  for (const fault of ["silent", "servfail", "nxdomain"] as const) {
    server.setFault(fault);
    await assert.rejects((fault === "silent" ? impatient : resolver).resolve4(NLB), { code: codes[fault] }, fault);
  }
  server.setFault("none");
  assert.equal((await resolver.resolve4(NLB)).length, 2);
});

test("an answer too long for UDP is marked as truncated, and comes whole over TCP", async (t) => {
  const { server, resolver } = await start(t);
  const addresses = Array.from({ length: 60 }, (_, i) => `10.9.0.${i + 1}`);
  server.setRecords(new Map([["many.example.com", { addresses, ttlSeconds: 1 }]]));
  const answer = await exchange(server.port, query("many.example.com"));
  assert.equal(answer.readUInt16BE(2) & 0x0200, 0x0200);
  assert.equal(answer.readUInt16BE(6), 0);
  assert.equal((await resolver.resolve4("many.example.com")).length, 60);
});

test("over TCP, queries that come in pieces or together are each answered", async (t) => {
  const { server } = await start(t);
  const socket = connect(server.port, "127.0.0.1");
  await once(socket, "connect");
  const framed = Buffer.concat([Buffer.from([0, query(NLB).length]), query(NLB)]);
  socket.write(framed.subarray(0, 7));
  await once(socket, "drain", { signal: AbortSignal.timeout(20) }).catch(() => {});
  socket.write(Buffer.concat([framed.subarray(7), framed]));
  let received = Buffer.alloc(0);
  const expected = 2 * (2 + query(NLB).length + 2 * 16);
  for await (const chunk of socket) {
    received = Buffer.concat([received, chunk as Buffer]);
    if (received.length >= expected) break;
  }
  assert.equal(received.length, expected);
});

test("what is no query gets FORMERR or NOTIMP, or nothing where an answer could loop, and the server goes on", async (t) => {
  const { server } = await start(t);
  const rcode = (answer: Buffer) => answer.readUInt16BE(2) & 0xf;
  const cut = query(NLB).subarray(0, 30);
  const pointer = Buffer.concat([query("a").subarray(0, 12), Buffer.from([0xc0, 0x0c, 0, 1, 0, 1])]);
  const tooLong = query(Array.from({ length: 9 }, () => "a".repeat(31)).join("."));
  for (const packet of [cut, pointer, tooLong, query(NLB, { questions: 0 }), query(NLB, { questions: 2 })]) {
    assert.equal(rcode(await exchange(server.port, packet)), 1);
  }
  assert.equal(rcode(await exchange(server.port, query(NLB, { flags: 0x2800 }))), 4);
  // Neither the response nor the fragment is answered: what comes back is the answer to the query behind them.
  const answer = await exchange(server.port, query(NLB, { flags: 0x8000 }), Buffer.from([1, 2, 3]), query(NLB));
  assert.equal(rcode(answer), 0);
  assert.equal(answer.readUInt16BE(6), 2);
});

test("random bytes never crash it", async (t) => {
  const { server, resolver } = await start(t);
  let seed = 7;
  const byte = () => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return (seed >> 8) & 0xff;
  };
  const socket = createSocket("udp4");
  const junk = Array.from({ length: 300 }, (_, i) => Buffer.from(Array.from({ length: i % 90 }, byte)));
  for (const [i, packet] of junk.entries()) {
    socket.send(packet, server.port, "127.0.0.1");
    // Before the socket's buffer is full, so that nothing is lost.
    if (i % 50 === 49) assert.equal((await resolver.resolve4(NLB)).length, 2);
  }
  socket.close();
  assert.equal(server.queries, 300 + 6);
});
