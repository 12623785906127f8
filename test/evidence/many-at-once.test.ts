/** A tracker on a kernel that is told, with its timer wheel: many connects overlap, and each is to be told from the others. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { seeded } from "../../bench/seeded.ts";
import { EvidenceTracker } from "../../src/evidence/tracker.ts";
import { ManualClock } from "../support/manual-clock.ts";

const TIMEOUT_MS = 3_000;
/** A kernel with 250 ticks a second. */
const PERIOD_MS = 32;
const PHASE_MS = 5.3;
const ANSWER_MS = 0.25;
const LEARNING_MS = 20_000;
const SLOWEST_BEAT_MS = 250;

type Kind = "hairpin" | "drop" | "healthy";
type Counts = Record<Exclude<Kind, "healthy">, Record<string, number>>;

/** When a timer of a second fires that is set at some time. */
const fireMs = (setMs: number): number => PHASE_MS + (Math.floor((setMs + 1_000 - PHASE_MS) / PERIOD_MS) + 1) * PERIOD_MS;

/** Connects at random instants, so many at each; what was said of those that began after it had learnt, and the readings a second. */
async function run(options: { readonly rate: number; readonly together: number; readonly seconds: number }) {
  const random = seeded(11);
  const clock = new ManualClock();
  const counted = { resets: 0, retransmissions: 0 };
  const verdicts: Counts = { hairpin: {}, drop: {} };
  let reads = 0;
  const tracker = new EvidenceTracker({
    counters: {
      read: () => {
        if (clock.nowMs() > LEARNING_MS) reads++;
        return { atMs: clock.nowMs(), ...counted };
      },
      close: () => {},
    },
    clock,
    linearTimeouts: 4,
    timeoutMs: TIMEOUT_MS,
  });
  const connect = async (kind: Kind) => {
    const watch = (await tracker.turn())({ address: "10.0.32.5", port: 80, localPort: () => undefined });
    const sentMs = clock.nowMs();
    if (kind === "healthy") {
      clock.after(ANSWER_MS, () => watch.answered());
      return;
    }
    const send = (afterMs: number) => {
      if (kind === "hairpin") clock.after(afterMs + ANSWER_MS, () => counted.resets++);
    };
    send(0);
    for (let atMs = fireMs(sentMs); atMs < sentMs + TIMEOUT_MS; atMs = fireMs(atMs)) {
      // Some processors see to their timers a tick later.
      const afterMs = atMs + (random() < 0.2 ? 4 : 0.2) - sentMs;
      clock.after(afterMs, () => counted.retransmissions++);
      send(afterMs);
    }
    clock.after(TIMEOUT_MS, async () => {
      const { kind: said } = await watch.timedOut();
      if (sentMs > LEARNING_MS) verdicts[kind][said] = (verdicts[kind][said] ?? 0) + 1;
    });
  };
  const start = () => {
    for (let i = 0; i < options.together; i++) {
      const draw = random();
      void connect(draw < 0.3 ? "hairpin" : draw < 0.4 ? "drop" : "healthy");
    }
    clock.after((-Math.log(1 - random()) * 1_000 * options.together) / options.rate, start);
  };
  const beat = () => {
    clock.after(Math.max(1, Math.floor(Math.min(tracker.beat() ?? SLOWEST_BEAT_MS, SLOWEST_BEAT_MS))), beat);
  };
  start();
  beat();
  while (clock.nowMs() < LEARNING_MS + options.seconds * 1_000) {
    clock.advance(clock.nextMs ?? 0);
    // Whose turn it is goes on in a microtask or two.
    await new Promise(setImmediate);
  }
  const { hairpin, drop } = verdicts;
  const share = (said: number | undefined, of: Record<string, number>) =>
    (said ?? 0) / Object.values(of).reduce((sum, n) => sum + n, 0);
  return {
    hairpin,
    drop,
    recall: share(hairpin.reset, hairpin),
    cleared: share(drop.silent, drop),
    reads: reads / options.seconds,
  };
}

for (const { rate, together, seconds, recall, readsPerSecond } of [
  { rate: 5, together: 1, seconds: 120, recall: 1, readsPerSecond: 14 },
  { rate: 50, together: 1, seconds: 40, recall: 0.99, readsPerSecond: 110 },
  { rate: 50, together: 6, seconds: 40, recall: 0.99, readsPerSecond: 110 },
  { rate: 200, together: 1, seconds: 20, recall: 0.93, readsPerSecond: 400 },
]) {
  test(`${rate} a second, ${together} at a time, four in ten unanswered: each told, with few readings`, async (t) => {
    const found = await run({ rate, together, seconds });
    t.diagnostic(JSON.stringify(found));
    assert.equal(found.hairpin.silent, undefined, "no hairpin is called a drop");
    assert.equal(found.drop.reset, undefined, "no drop is called a hairpin");
    assert.ok(found.recall >= recall && found.cleared >= recall, JSON.stringify(found));
    assert.ok(found.reads < readsPerSecond, `${found.reads} readings a second`);
  });
}
