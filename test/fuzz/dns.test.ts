/** What DNS may answer: messages of any bytes to the real resolver (c-ares), and addresses that come and go. */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { Resolver } from "node:dns/promises";
import { once } from "node:events";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import { lookUp } from "../../src/discovery/dns/lookup.ts";
import { keepThroughFailure, keepWithdrawn, NOTHING_KEPT } from "../../src/discovery/dns/withdrawn.ts";
import { systemClock } from "../../src/schedule/system-clock.ts";
import { fuzz } from "./support/fuzz.ts";
import { anyBytes, mutatedBytes } from "./support/mutate.ts";
import { address, sentence } from "./support/wellformed.ts";

const NLB = "web-0123456789abcdef.elb.eu-west-1.amazonaws.com";
const ZONES = ["eu-west-1a", "eu-west-1b"];

const bytes = (text: string): Buffer => Buffer.from(text, "latin1");
/** Answers as they follow the question of a message: name, type, class, time to live, length, data. */
const record = (type: number, ttl: readonly [number, number, number, number], data: readonly number[]): string =>
  Buffer.from([0xc0, 0x0c, 0, type, 0, 1, ...ttl, 0, data.length, ...data]).toString("latin1");
/** Each record begins with the name that was asked for. */
const OWNER = "\u00c0\u000c";
const A = record(1, [0, 0, 0, 60], [10, 0, 32, 5]);
const AAAA = record(28, [0x7f, 0xff, 0xff, 0xff], [0xfd, ...Array(14).fill(0), 5]);
const CNAME = record(5, [0, 0, 0, 1], [1, 0x61, 0xc0, 0x0c]);

/** How a question is answered: the bytes behind the header and the question, and what the header says of them. */
interface Reply {
  readonly flags: number;
  /** Questions, answers, authorities, others; `null`: as many as there are. */
  readonly counts: readonly (number | null)[];
  readonly rest: string;
  /** Leave the question out, or send these bytes and nothing else. */
  readonly form: "usual" | "without question" | "raw";
}

let reply: Reply = { flags: 0x8180, counts: [1, 0, 0, 0], rest: "", form: "usual" };

/** Where the question of a message ends. */
function endOfQuestion(message: Buffer): number {
  let at = 12;
  while (at < message.length && (message[at] ?? 0) > 0) at += 1 + (message[at] ?? 0);
  return at + 5;
}

function answerTo(message: Buffer): Buffer {
  if (reply.form === "raw") return bytes(reply.rest);
  const header = Buffer.alloc(12);
  message.copy(header, 0, 0, 2);
  header.writeUInt16BE(reply.flags, 2);
  const records = Math.min(65_535, reply.rest.split(OWNER).length - 1);
  for (const [index, count] of reply.counts.entries()) header.writeUInt16BE(count ?? records, 4 + 2 * index);
  const question = reply.form === "usual" ? message.subarray(12, endOfQuestion(message)) : Buffer.alloc(0);
  return Buffer.concat([header, question, bytes(reply.rest)]);
}

/** "There is no such name": ends a question whose first answer was no message at all, so that nobody waits for a timeout. */
function refusalOf(message: Buffer): Buffer {
  const copy = Buffer.from(message.subarray(0, endOfQuestion(message)));
  copy.writeUInt16BE(0x8183, 2);
  copy.writeUInt16BE(0, 10);
  return copy;
}

describe("answers of DNS", () => {
  const server = createSocket("udp4", (message, { port, address: host }) => {
    server.send(answerTo(message), port, host);
    server.send(refusalOf(message), port, host);
  });
  before(async () => {
    server.bind(0, "127.0.0.1");
    await once(server, "listening");
  });
  after(() => server.close());

  const ended = { resolved: 0, failed: 0 };
  const MAX_TTL_SECONDS = 2 ** 31;
  const counts: fc.Arbitrary<readonly (number | null)[]> = fc.oneof(
    { weight: 8, arbitrary: fc.constant([1, null, 0, 0]) },
    { weight: 1, arbitrary: fc.array(fc.constantFrom(null, 0, 1, 2, 65_535), { minLength: 4, maxLength: 4 }) },
  );
  const anyReply: fc.Arbitrary<Reply> = fc.record({
    flags: fc.oneof(
      { weight: 8, arbitrary: fc.constantFrom(0x8180, 0x8580) },
      { weight: 2, arbitrary: fc.constantFrom(0x8380, 0x8182, 0x8183, 0x0100) },
      { weight: 1, arbitrary: fc.nat({ max: 65_535 }) },
    ),
    counts,
    rest: fc.oneof(
      { weight: 4, arbitrary: mutatedBytes([A, AAAA, A + A, CNAME + A, CNAME + CNAME], ["\u0000", "\u0010", A, AAAA, CNAME], 2) },
      { weight: 1, arbitrary: anyBytes(600) },
      { weight: 1, arbitrary: fc.nat({ max: 40 }).map((count) => A.repeat(count)) },
    ),
    form: fc.oneof(
      { weight: 10, arbitrary: fc.constant("usual" as const) },
      fc.constantFrom("without question" as const, "raw" as const),
    ),
  });

  fuzz("whatever a DNS server sends, a lookup ends with addresses or a reason", anyReply, async (given) => {
    reply = given;
    // No server is asked twice by one: c-ares remembers who failed.
    const dns = new Resolver({ timeout: 1_000, tries: 1 });
    const { port } = server.address();
    dns.setServers([`127.0.0.1:${port}`]);
    const answer = await lookUp(dns, NLB, ZONES, new Map(), systemClock);
    dns.cancel();
    ended[answer.kind]++;
    if (answer.kind === "failed") {
      sentence(answer.detail, 400);
      return;
    }
    assert.ok(answer.addresses.length > 0);
    const texts = answer.addresses.map((each) => each.address);
    assert.deepEqual(texts, [...new Set(texts)].sort(), "each once, in order");
    for (const { address: text, zone } of answer.addresses) {
      address("answer", text);
      assert.ok(zone === undefined || ZONES.includes(zone), String(zone));
    }
    assert.ok(
      Number.isInteger(answer.ttlSeconds) && answer.ttlSeconds >= 0 && answer.ttlSeconds < MAX_TTL_SECONDS,
      `${answer.ttlSeconds}`,
    );
    assert.ok(Number.isFinite(answer.seconds) && answer.seconds >= 0);
  });

  test("a good part of what the DNS server sends is an answer all the same", () => {
    const all = ended.resolved + ended.failed;
    assert.ok(ended.resolved >= all / 10 && ended.failed >= all / 10, JSON.stringify(ended));
  });

  const zonal = fc.record({
    address: fc.nat({ max: 99 }).map((byte) => `10.0.0.${byte}`),
    zone: fc.constantFrom("eu-west-1a", undefined),
  });
  const distinct = fc.uniqueArray(zonal, { selector: (each) => each.address, maxLength: 100 });
  const turn = fc.record({
    present: fc.option(distinct),
    afterMs: fc.constantFrom(0, 1, 1_000, 100_000, Number.MAX_SAFE_INTEGER),
  });
  const rules = fc.record({ graceMs: fc.constantFrom(0, 1, 60_000, 86_400_000), max: fc.constantFrom(1, 5, 64) });

  fuzz(
    "withdrawn addresses stay within their bounds, whatever DNS answers in turn",
    fc.record({ turns: fc.array(turn, { maxLength: 6 }), rules }),
    ({ turns, rules: given }) => {
      let [kept, nowMs] = [NOTHING_KEPT, 0];
      for (const { present, afterMs } of turns) {
        nowMs += afterMs;
        kept = present === null ? keepThroughFailure(kept, nowMs, given) : keepWithdrawn(kept, present, nowMs, given);
        assert.ok(kept.addresses.length <= given.max, `${kept.addresses.length} addresses, expected at most ${given.max}`);
        const texts = kept.addresses.map((each) => each.address);
        assert.deepEqual(texts, [...new Set(texts)].sort());
        const withdrawn = kept.addresses.filter((each) => each.withdrawn === true).map((each) => each.address);
        assert.deepEqual(new Set(withdrawn), new Set(kept.missingSince.keys()));
        assert.ok(kept.overLimit >= 0);
        if (present !== null) assert.equal(kept.overLimit, Math.max(0, present.length - given.max));
      }
    },
  );
});
