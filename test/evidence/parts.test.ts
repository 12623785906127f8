import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { announceCheck, isOtherCheckUnderWay } from "../../src/evidence/announcement.ts";
import { AnswerWindow } from "../../src/evidence/answer-window.ts";
import { openCounters } from "../../src/evidence/counters.ts";
import { linearTimeoutsOf, synWaits } from "../../src/evidence/syn-schedule.ts";
import { MAX_WAIT_MS, Turns } from "../../src/evidence/turns.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { eventually } from "../support/waiting.ts";

test("the kernel's own counters: a connection that is reset adds a reset", async (t) => {
  const server = createServer((socket) => socket.resetAndDestroy()).listen(0, "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
  const counters = openCounters(() => 7);
  t.after(() => counters.close());
  const before = counters.read();
  const client = connect((server.address() as { port: number }).port, "127.0.0.1");
  await once(client, "error");
  const after = counters.read();
  assert.ok(after.resets > before.resets, `${before.resets}, then ${after.resets}`);
  assert.equal(after.atMs, 7);
});

test("a kernel without the counters is an error that says what is missing", (t) => {
  const directory = mkdtempSync(join(tmpdir(), "hairpin-counters-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const path = join(directory, "snmp");
  writeFileSync(path, "Ip: Forwarding\nIp: 1\nTcp: InSegs\nTcp: 5\nUdp: InDatagrams\nUdp: 1\n");
  assert.throws(() => openCounters(() => 0, path), /snmp: expected Tcp: with OutRsts and RetransSegs/);
  assert.throws(() => openCounters(() => 0, join(directory, "nowhere")), /ENOENT/);
});

test("SYNs are sent again as the kernel's setting says", () => {
  assert.deepEqual(synWaits(4, 12_000), [1_000, 1_000, 1_000, 1_000, 1_000, 2_000, 4_000]);
  assert.deepEqual(synWaits(0, 12_000), [1_000, 2_000, 4_000]);
  assert.deepEqual(synWaits(4, 3_000), [1_000, 1_000], "one that leaves as the attempt ends is of no use");
  assert.deepEqual(["4\n", "0", undefined, "x", "-1"].map(linearTimeoutsOf), [4, 0, 0, 0, 0]);
});

test("a reset is waited for as long as answers take here, within bounds", () => {
  const window = new AnswerWindow();
  assert.equal(window.ms, 2.5);
  for (let i = 0; i < 200; i++) window.note(4);
  assert.equal(window.ms, 13);
  for (let i = 0; i < 200; i++) window.note(300);
  assert.equal(window.ms, 50);
  for (let i = 0; i < 200; i++) window.note(0.2);
  for (let i = 0; i < 200; i++) window.note(1_030);
  assert.equal(window.ms, 2.5, "a lost SYN says nothing about the round trip");
});

test("first SYNs leave one at a time, in the order in which they asked, and nobody waits for long", async () => {
  const clock = new ManualClock();
  const turns = new Turns(clock);
  const order: string[] = [];
  const giveBack = await turns.take();
  const [second, third] = ["second", "third"].map(async (name) => {
    const back = await turns.take();
    order.push(name);
    return back;
  });
  await Promise.resolve();
  assert.deepEqual(order, []);
  giveBack();
  const giveBackSecond = await second;
  assert.deepEqual(order, ["second"]);
  clock.advance(MAX_WAIT_MS);
  await third;
  assert.deepEqual(order, ["second", "third"]);
  let hasFourth = false;
  const fourth = turns.take().then(() => {
    hasFourth = true;
  });
  // It had its turn taken away: it has none to give back.
  giveBackSecond?.();
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(hasFourth, false);
  clock.advance(MAX_WAIT_MS);
  await fourth;
  assert.equal(clock.pending, 0);
});

test("a check shows that it is there, to everyone but itself, until it ends", async () => {
  const withdraw = await announceCheck(424_242);
  assert.equal(isOtherCheckUnderWay(1), true);
  assert.equal(isOtherCheckUnderWay(424_242), false);
  withdraw();
  await eventually(() => assert.equal(isOtherCheckUnderWay(1), false));
});
