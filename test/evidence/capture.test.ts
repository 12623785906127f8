import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { test } from "node:test";
import { startCapture } from "../../src/evidence/capture.ts";
import { readSynAck, type SynAck, TCPDUMP_ARGUMENTS } from "../../src/evidence/syn-ack.ts";
import { eventually } from "../support/waiting.ts";

const LINES: readonly (readonly [line: string, synAck: SynAck | undefined])[] = [
  [
    "eth0  In  IP 10.0.32.10.31080 > 10.0.33.5.43210: Flags [S.], seq 1, ack 2, win 64308, options [mss 1410], length 0",
    { source: { address: "10.0.32.10", port: 31_080 }, port: 43_210 },
  ],
  [
    "IP6 fd00::a.31080 > fd00::5.43210: Flags [S.E], seq 1, ack 2, win 64308, length 0",
    { source: { address: "fd00::a", port: 31_080 }, port: 43_210 },
  ],
  ["IP 10.0.32.10.31080 > 10.0.33.5.43210: Flags [S], seq 1, length 0", undefined],
  ["IP 10.0.32.10.31080 > 10.0.33.5.43210: Flags [.], ack 1, length 0", undefined],
  ["tcpdump: verbose output suppressed", undefined],
];
for (const [line, synAck] of LINES) test(`read: ${line.slice(0, 70)}`, () => assert.deepEqual(readSynAck(line), synAck));

/** A capture by a shell script in tcpdump's place. */
const harness = (script: string, isRoot = false) => {
  const seen: SynAck[] = [];
  const ends: string[] = [];
  const commands: (readonly string[])[] = [];
  const capture = startCapture({
    spawn: (command, args) => {
      commands.push([command, ...args]);
      return spawn("sh", ["-c", script], { stdio: ["ignore", "pipe", "pipe"] });
    },
    isRoot,
    onSynAck: (synAck) => seen.push(synAck),
    onEnd: (problem) => ends.push(problem),
  });
  return { capture, seen, ends, commands };
};

test("it is live once tcpdump says that it listens, and tells of each SYN-ACK", async (t) => {
  const { capture, seen, ends, commands } = harness(
    `echo 'listening on any, link-type LINUX_SLL2' >&2; sleep 0.2; echo '${LINES[0]?.[0]}'; exec sleep 600`,
  );
  t.after(() => capture.close());
  await eventually(() => assert.equal(seen.length, 1));
  assert.equal(capture.isLive(), true);
  assert.deepEqual([ends, commands], [[], [["tcpdump", ...TCPDUMP_ARGUMENTS]]]);
});

test("what may not capture says so once, in tcpdump's own words", async () => {
  const { capture, ends } = harness(
    'echo "tcpdump: any: You don\'t have permission to perform this capture on that device" >&2; exit 1',
  );
  await eventually(() => assert.equal(ends.length, 1));
  assert.match(ends[0] ?? "", /^tcpdump has ended \(exit code 1\): tcpdump: any: You don't have permission/);
  assert.equal(capture.isLive(), false);
});

test("closing is no trouble to report", async () => {
  const { capture, ends } = harness("echo 'listening on any' >&2; exec sleep 600");
  await eventually(() => assert.equal(capture.isLive(), true));
  capture.close();
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.deepEqual([ends, capture.isLive()], [[], false]);
});

test("as root it stays root: to become another user takes capabilities that the pod does not have", (t) => {
  const { capture, commands } = harness("sleep 1", true);
  t.after(() => capture.close());
  assert.deepEqual(commands[0]?.slice(0, 3), ["tcpdump", "-Z", "root"]);
});
