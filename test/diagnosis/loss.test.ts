import assert from "node:assert/strict";
import { test } from "node:test";
import { seeded } from "../../bench/seeded.ts";
import { judge } from "../../src/diagnosis/judge.ts";
import { type Observation, seenOf } from "../../src/diagnosis/observation.ts";
import { summarize } from "../../src/diagnosis/summarize.ts";
import type { Failure, Outcome, Phase, PhaseSeconds } from "../../src/domain/outcome.ts";
import { inputOf } from "./windows.ts";

/** When Linux sends again what was not answered, in seconds after the first time. */
const SYNS = [0, 1.02, 2.05];
const DATA = [0, 0.2, 0.6, 1.4, 3];
/** What was sent again lost its measure of the round trip, and waits for a second and more. */
const DATA_AFTER_LATE_SYN = [0, 1, 3];

/** One attempt at an HTTP port where each packet is lost with a probability, on either way. */
function attempt(loss: number, timeout: number, random: () => number): Outcome {
  const roundTrip = (): boolean => random() >= loss && random() >= loss;
  const [phases, failed] = [
    {} as { [phase in Phase]?: number },
    (phase: Phase, reason: Failure["reason"]): Outcome => {
      const seen: PhaseSeconds = { ...phases };
      const evidence = phase === "connect" ? { evidence: { kind: "silent" as const } } : {};
      return { kind: "failure", reason, phase, detail: "", seconds: timeout, phases: seen, ...evidence };
    },
  ];
  const connect = SYNS.filter((after) => after < timeout).find(roundTrip);
  if (connect === undefined) return failed("connect", "connect_timeout");
  phases.connect = connect;
  const sends = connect > 0 ? DATA_AFTER_LATE_SYN : DATA;
  const answered = sends.filter((after) => connect + after < timeout).find(roundTrip);
  if (answered === undefined) return failed("first_byte", "response_timeout");
  return { kind: "success", phases: { ...phases, first_byte: answered } };
}

for (const [loss, timeout] of [0.03, 0.05, 0.12, 0.2, 0.3].flatMap((each) => [[each, 3] as const, [each, 1.5] as const])) {
  test(`a loss of ${loss * 100} % of packets is called loss, however many responses do not come within ${timeout} s either`, () => {
    const said = Array.from({ length: 40 }, (_, seed) => {
      const random = seeded(seed + 1);
      const seen = Array.from({ length: 200 }, () => seenOf(attempt(loss, timeout, random), false));
      const window = summarize(
        seen.flatMap((each, i): Observation[] => (each === undefined ? [] : [{ startedMs: i, exposure: 0.33, seen: each }])),
      );
      return judge(inputOf({ window, exposure: 0.33 })).cause;
    });
    assert.deepEqual(
      said.filter((cause) => cause !== "packet_loss"),
      [],
    );
  });
}
