import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { announce, isOtherUnderWay } from "../../src/evidence/announcement.ts";
import { AnswerWindows } from "../../src/evidence/answer-window.ts";
import { openCounters } from "../../src/evidence/counters.ts";
import { linearTimeoutsOf, synWaits } from "../../src/evidence/syn-schedule.ts";
import { MAX_WAIT_MS, Turns } from "../../src/evidence/turns.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { eventually } from "../support/waiting.ts";

const NEAR = { address: "10.0.1.1", port: 80, localPort: () => undefined };
const FAR = { address: "10.0.2.2", port: 80, localPort: () => undefined };

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
  const windows = new AnswerWindows();
  const note = (ms: number) => {
    for (let i = 0; i < 200; i++) windows.note(NEAR, ms);
  };
  assert.equal(windows.usualMs, 2.5);
  note(4);
  assert.deepEqual(windows.of(NEAR), { fromMs: 0, withinMs: 13 });
  note(300);
  assert.deepEqual(windows.of(NEAR), { fromMs: 90, withinMs: 400 }, "nothing comes back from there in a third of the time");
  note(850);
  assert.equal(windows.of(NEAR).withinMs, 900, "until the SYN is sent again");
  note(0.2);
  note(1_030);
  assert.equal(windows.of(NEAR).withinMs, 2.5, "a lost SYN says nothing about the round trip");
});

test("each frontend has its own window; one that never answers has that of the others, or any time will do", () => {
  const windows = new AnswerWindows();
  const silent = { ...NEAR, address: "10.0.3.3" };
  assert.deepEqual(windows.of(silent), { fromMs: 0, withinMs: 900 }, "nothing is known");
  assert.equal(windows.waitMs(silent), 2.5, "and nothing is waited for that long");
  for (let i = 0; i < 20; i++) {
    windows.note(NEAR, 1);
    windows.note(FAR, 200);
  }
  assert.deepEqual(windows.of(NEAR), { fromMs: 0, withinMs: 4 });
  assert.deepEqual(windows.of(FAR), { fromMs: 60, withinMs: 300 });
  assert.deepEqual(windows.of(silent), { fromMs: 0, withinMs: 300 });
  const young = { ...NEAR, address: "10.0.4.4" };
  windows.note(young, 1);
  assert.deepEqual(windows.of(young), { fromMs: 0, withinMs: 300 }, "one answer is no rule yet");
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
  const withdraw = await announce("check", 424_242);
  assert.equal(isOtherUnderWay("check", 1), true);
  assert.equal(isOtherUnderWay("check", 424_242), false);
  assert.equal(isOtherUnderWay("agent", 1), false, "an agent is something else");
  withdraw();
  await eventually(() => assert.equal(isOtherUnderWay("check", 1), false));
});
