import assert from "node:assert/strict";
import { test } from "node:test";
import { withBlindSpots } from "../../src/diagnosis/blinded.ts";
import { CAUSES, type Diagnosis } from "../../src/domain/diagnosis.ts";

const diagnosis = (cause: Diagnosis["cause"]): Diagnosis => ({ cause, confidence: "high", explanation: "So it is.", next: "" });
const PROXY = { by: "proxy", detail: "A connection was answered in this very pod." } as const;
const INVALID_DROP = { by: "invalid_drop", detail: "Connection tracking counted 40 INVALID packets." } as const;

for (const cause of CAUSES) {
  test(`${cause}: stays where nothing blinds the agent, and is not said behind a proxy`, () => {
    assert.deepEqual(withBlindSpots(diagnosis(cause), []), diagnosis(cause));
    const { cause: said, explanation, next } = withBlindSpots(diagnosis(cause), [PROXY]);
    assert.equal(said, "undecided");
    assert.ok(explanation.endsWith(PROXY.detail) && next.includes("docs/blind-spots.md"));
  });

  test(`${cause}: where stray answers are dropped, only a blackhole is open to doubt`, () => {
    const { cause: said, explanation } = withBlindSpots(diagnosis(cause), [INVALID_DROP]);
    assert.equal(said, cause === "blackhole" ? "undecided" : cause);
    assert.equal(explanation.endsWith(INVALID_DROP.detail), cause === "blackhole");
  });
}
