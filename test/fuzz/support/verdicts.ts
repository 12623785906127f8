/** What must be true of every verdict, and of how it is written down. */
import assert from "node:assert/strict";
import { renderJson } from "../../../src/verify/json.ts";
import { type Judgement, judge, VERDICTS } from "../../../src/verify/judge.ts";
import type { Observation } from "../../../src/verify/observation.ts";
import type { VerifyReport } from "../../../src/verify/report.ts";
import { renderText } from "../../../src/verify/text.ts";
import { oneOf } from "./wellformed.ts";

/** What JavaScript writes where a sum went wrong. */
const NO_NUMBER = /NaN|Infinity|undefined|null/;

/** Whether someone's own text looks like a sum that went wrong: a report that quotes it may then do so, too. */
export const looksWrong = (text: string): boolean => NO_NUMBER.test(text);

function judgementHolds({ verdict, because, unfixed, secondsNeeded, arms }: Judgement, quotesWrong: boolean): void {
  oneOf("verdict", verdict, VERDICTS);
  assert.ok(because.length > 0, "a verdict without a reason");
  for (const sentence of because) assert.ok(quotesWrong || !looksWrong(sentence), sentence);
  if (unfixed !== undefined) {
    assert.ok(unfixed.chance >= 0 && unfixed.chance <= 1, `chance: ${unfixed.chance}`);
    assert.ok(Number.isFinite(unfixed.expected) && unfixed.expected >= 0, `expected: ${unfixed.expected}`);
    assert.ok(unfixed.attemptsNeeded > 0, `attemptsNeeded: ${unfixed.attemptsNeeded}`);
  }
  if (secondsNeeded !== undefined)
    assert.ok(secondsNeeded >= 0 && !Number.isNaN(secondsNeeded), `secondsNeeded: ${secondsNeeded}`);
  for (const { before, after } of [arms.exposed, arms.others]) {
    for (const [key, value] of [...Object.entries(before), ...Object.entries(after)]) {
      assert.ok(Number.isFinite(value) && value >= 0, `${key}: ${value}, expected a count`);
    }
  }
}

/** Judges, and writes the report in the forms that a terminal and a program get. */
export function verdictHolds(before: Observation, after: Observation): void {
  judgementHolds(judge(before, after, "again and again"), false);
  const judgement = judge(before, after);
  const changedAtMs = after.span.startMs;
  reportHolds({ service: "shop/web", changedAtMs, changeSource: "seen", settleMs: 0, before, after, judgement, warnings: [] });
}

/** @param quotesWrong - Whether the names in it may be what `looksWrong` takes for a wrong sum. */
export function reportHolds(report: VerifyReport, quotesWrong = false): void {
  judgementHolds(report.judgement, quotesWrong);
  const text = renderText(report, 80, (_, part) => part);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for.
  assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029]/);
  if (!quotesWrong) assert.ok(!looksWrong(text), text);
  JSON.parse(renderJson(report));
}
