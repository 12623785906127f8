import assert from "node:assert/strict";
import { test } from "node:test";
import { array, boolean, double, assert as holds, integer, property, record, uniqueArray } from "fast-check";
import { attribute } from "../../src/evidence/attribute.ts";
import { locateRetransmissions } from "../../src/evidence/retransmissions.ts";
import { judge, LATENESS_MS, readingsOf, suspectOf, usualReadings, WINDOW_MS, type World } from "./world.ts";

/** `H@0 D@4`: a hairpin at 0 ms, a silent drop at 4 ms; each read as the tracker does, each answer after 0.3 ms. */
const worldOf = (text: string, more: Partial<World> = {}): World => {
  const connects = text.split(" ").map((each) => {
    const [kind, at] = each.split("@");
    return { sentMs: Number(at), isHairpin: kind === "H" };
  });
  const readMs = usualReadings(connects);
  return { connects, answerMs: () => 0.3, latenessMs: (connect) => (connect * 7) % LATENESS_MS, readMs, ...more };
};

const CASES: readonly (readonly [rule: string, world: World, verdicts: readonly string[]])[] = [
  ["a reset after each SYN is a hairpin", worldOf("H@0"), ["hairpin"]],
  ["no reset at all is a silent drop", worldOf("D@0"), ["silent"]],
  ["far apart they do not matter to each other", worldOf("H@0 D@40 H@80"), ["hairpin", "silent", "hairpin"]],
  ["a reset cannot be caused by a SYN that left after it", worldOf("H@0 D@2"), ["hairpin", "silent"]],
  ["as many resets as connects: all are hairpins", worldOf("H@0 H@0.1 H@0.2"), ["hairpin", "hairpin", "hairpin"]],
  ["no reset clears all of them at once", worldOf("D@0 D@0.1 D@0.2"), ["silent", "silent", "silent"]],
  [
    "two that do everything at the same time stay undecided",
    worldOf("H@0 D@0.1", { latenessMs: () => 10, answerMs: () => 0.5 }),
    ["undecided", "undecided"],
  ],
  ["a reset of somebody else's does not make a hairpin of a drop", worldOf("D@0", { strangeResets: [0.4] }), ["undecided"]],
  ["a lost SYN does not make a drop of a hairpin", worldOf("H@0", { lost: [0] }), ["undecided"]],
];
for (const [rule, world, verdicts] of CASES) test(rule, () => assert.deepEqual(judge(world), verdicts));

test("a connect whose first SYN went out without a reading is told by its retransmissions, or not at all", () => {
  const world = worldOf("H@0");
  const late = { ...world, connects: [{ sentMs: 0.5, isHairpin: true }] };
  assert.deepEqual(judge(late), ["hairpin"]);
  assert.deepEqual(judge({ ...late, readMs: [] }), ["undecided"]);
});

test("where readings are far apart, a reset after the last instant at which a SYN can have been sent again is not its", () => {
  // The first one's SYN left unseen; the other's leaves just after the span in which the first one's was sent again.
  const suspects = [suspectOf(1), suspectOf(1_046)];
  const readings = [
    { atMs: 990, resets: 0, retransmissions: 0 },
    { atMs: 1_045, resets: 0, retransmissions: 1 },
    { atMs: 1_046, resets: 0, retransmissions: 1 },
    { atMs: 1_046 + WINDOW_MS, resets: 1, retransmissions: 1 },
  ];
  const { bursts } = locateRetransmissions(readings, suspects);
  assert.deepEqual(attribute(readings, suspects, bursts), ["silent", "hairpin"]);
});

test("a reset to a SYN that was sent again when nobody had to convicts nobody else", () => {
  const late = { ...suspectOf(0), resends: [{ earliestMs: 1_000, latestMs: 1_010, isAligned: true }] };
  const other = { ...suspectOf(1_020), resends: [] };
  const readings = [
    { atMs: 0, resets: 0, retransmissions: 0 },
    { atMs: WINDOW_MS, resets: 1, retransmissions: 0 },
    { atMs: 1_020, resets: 1, retransmissions: 0 },
    { atMs: 1_020 + WINDOW_MS, resets: 2, retransmissions: 1 },
  ];
  const suspects = [late, other];
  const { bursts } = locateRetransmissions(readings, suspects);
  assert.deepEqual(attribute(readings, suspects, bursts), ["hairpin", "undecided"]);
});

test("where one who must have sent again has no place, it is not known which of them was late", () => {
  const onTime = [{ earliestMs: 998.5, latestMs: 1_008, isAligned: true }];
  // Two first SYNs with one reset between them; the first hairpins, the other sends again later than it can.
  const suspects = [
    { ...suspectOf(0), resends: onTime },
    { ...suspectOf(0.2), resends: onTime },
  ];
  const readings = [
    { atMs: 0, resets: 0, retransmissions: 0 },
    { atMs: 0.2, resets: 0, retransmissions: 0 },
    { atMs: 0.2 + WINDOW_MS, resets: 1, retransmissions: 0 },
    { atMs: 990, resets: 1, retransmissions: 0 },
    { atMs: 1_011, resets: 2, retransmissions: 1 },
    { atMs: 1_022, resets: 2, retransmissions: 2 },
    { atMs: 4_000, resets: 2, retransmissions: 2 },
  ];
  const { bursts, displaced } = locateRetransmissions(readings, suspects);
  assert.equal(displaced.size, 1);
  assert.deepEqual(attribute(readings, suspects, bursts), ["undecided", "undecided"]);
});

test("the reset to a stranger's retransmission may come after the interval in which it was sent", () => {
  const suspects = [
    { ...suspectOf(0), resends: [{ earliestMs: 998.5, latestMs: 1_008, isAligned: true }] },
    { ...suspectOf(1_030), resends: [] },
  ];
  const readings = [
    { atMs: 0, resets: 0, retransmissions: 0 },
    { atMs: WINDOW_MS, resets: 0, retransmissions: 0 },
    { atMs: 990, resets: 0, retransmissions: 0 },
    // Its own, and at the end of the interval one that nobody is known to have sent.
    { atMs: 1_030, resets: 0, retransmissions: 2 },
    { atMs: 1_030 + WINDOW_MS, resets: 1, retransmissions: 2 },
  ];
  const { bursts } = locateRetransmissions(readings, suspects);
  assert.deepEqual(attribute(readings, suspects, bursts), ["silent", "undecided"]);
});

/** Milliseconds with the resolution of the monotonic clock. */
const instant = (maxMs: number) => integer({ min: 0, max: maxMs * 1_000 }).map((micros) => micros / 1_000);
const connects = uniqueArray(record({ sentMs: instant(120), isHairpin: boolean() }), {
  minLength: 1,
  maxLength: 14,
  selector: ({ sentMs }) => sentMs,
});
const share = double({ min: 0, max: 0.999, noNaN: true });
const worlds = record({
  connects,
  answers: array(share, { minLength: 42, maxLength: 42 }),
  lateness: array(share, { minLength: 42, maxLength: 42 }),
  readMs: array(instant(3_200), { minLength: 0, maxLength: 80 }),
  everyMs: integer({ min: 3, max: 60 }),
});

test("whatever overlaps and however seldom the counters are read, no verdict is wrong", () => {
  let decided = 0;
  holds(
    property(worlds, ({ connects, answers, lateness, readMs, everyMs }) => {
      const beats = Array.from({ length: Math.floor(3_300 / everyMs) }, (_, i) => i * everyMs - 20);
      const verdicts = judge({
        connects,
        answerMs: (connect, round) => 0.001 + (answers[connect * 3 + round] ?? 0) * (WINDOW_MS - 0.01),
        latenessMs: (connect, round) => (lateness[connect * 3 + round] ?? 0) * LATENESS_MS,
        readMs: [...readMs, ...beats],
      });
      for (const [i, verdict] of verdicts.entries()) {
        if (verdict === "undecided") continue;
        decided += 1;
        assert.equal(verdict, connects[i]?.isHairpin ? "hairpin" : "silent");
      }
    }),
    { numRuns: 2_000 },
  );
  assert.ok(decided > 2_000, `the control: ${decided} were decided`);
});

test("however many SYNs get lost, no hairpin of which one came through is called silent", () => {
  let [convicted, cleared, drops] = [0, 0, 0];
  const losses = record({
    connects,
    lost: array(integer({ min: 0, max: 9 }), { minLength: 42, maxLength: 42 }),
    isKnown: boolean(),
  });
  holds(
    property(losses, ({ connects, lost, isKnown }) => {
      const isLost = (connect: number, round: number) => (lost[connect * 3 + round] ?? 0) < 3;
      const all = worldOf("H@0", { connects, readMs: usualReadings(connects), isLost });
      const readings = readingsOf(all);
      const suspects = connects.map(({ sentMs }) => suspectOf(sentMs));
      const { bursts } = locateRetransmissions(readings, suspects);
      for (const [i, verdict] of attribute(readings, suspects, bursts, isKnown).entries()) {
        const isHairpin = connects[i]?.isHairpin && [0, 1, 2].some((round) => !isLost(i, round));
        if (!isHairpin) drops++;
        if (verdict === "silent") cleared++;
        if (verdict === "hairpin") convicted++;
        if (isKnown && verdict !== "undecided") assert.equal(verdict, isHairpin ? "hairpin" : "silent");
      }
    }),
    { numRuns: 300 },
  );
  assert.ok(convicted > 100 && cleared > 100, `the control: ${convicted} convicted, ${cleared} of ${drops} cleared`);
});

test("connects that begin 10 ms apart are all decided, whatever they are", () => {
  holds(
    property(array(boolean(), { minLength: 1, maxLength: 20 }), (kinds) => {
      const all = kinds.map((isHairpin, i) => ({ sentMs: i * 10.1 + 0.03, isHairpin }));
      // As the kernel's timers do: on a grid of 32 ms.
      const grid = (connect: number, round: number) => (round > 0 ? 24 : 32 - (((all[connect]?.sentMs ?? 0) + 1_000) % 32));
      const verdicts = judge({ connects: all, answerMs: () => 0.3, latenessMs: grid, readMs: usualReadings(all) });
      assert.deepEqual(
        verdicts,
        kinds.map((isHairpin) => (isHairpin ? "hairpin" : "silent")),
      );
    }),
  );
});
