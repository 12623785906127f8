import assert from "node:assert/strict";
import { test } from "node:test";
import { assert as holds, property } from "fast-check";
import { diagnose } from "../../src/diagnosis/explain.ts";
import { CAUSES } from "../../src/domain/diagnosis.ts";
import { CLAIMS } from "./claims.ts";
import { inputs } from "./inputs.ts";

const sentencesOf = (text: string): readonly string[] => text.split(/(?<=\.) (?=[A-Z0-9])/);

test("no sentence of a diagnosis contradicts what was counted, and each is one of those whose claims are known", () => {
  const said = new Set<RegExp>();
  const causes = new Set<string>();
  holds(
    property(inputs, (input) => {
      const { cause, explanation } = diagnose(input);
      causes.add(cause);
      for (const text of sentencesOf(explanation)) {
        const claim = CLAIMS.find(({ sentence }) => sentence.test(text));
        assert.ok(claim !== undefined, `nobody knows what this claims: ${text}`);
        const groups = claim.sentence.exec(text)?.groups ?? {};
        assert.ok(claim.holds(groups, input), `${cause}: ${text}`);
        said.add(claim.sentence);
      }
    }),
    { numRuns: 6_000, seed: 1 },
  );
  assert.deepEqual(
    CAUSES.filter((cause) => !causes.has(cause)),
    [],
    "causes that were never said",
  );
  const unsaid = CLAIMS.filter(({ sentence }) => !said.has(sentence)).map(({ sentence }) => sentence.source);
  assert.deepEqual(unsaid, [], "sentences that were never said");
});

test("whatever was seen, there is a sentence for it, and a next step for each fault", () => {
  holds(
    property(inputs, (input) => {
      const { cause, explanation, next } = diagnose(input);
      assert.match(explanation, /^[A-Z0-9].*\.$/);
      assert.doesNotMatch(`${explanation} ${next}`, /undefined|NaN| {2}|\.\./);
      assert.equal(next === "", ["healthy", "undecided"].includes(cause), `${cause}: ${next}`);
      if (cause === "hairpin") assert.ok(input.window.timeouts > 0, "a hairpin without a timeout");
    }),
    { numRuns: 2_000, seed: 2 },
  );
});

test("backends are certainly down only where something answered since they failed", () => {
  holds(
    property(inputs, (input) => {
      const { cause, confidence } = diagnose(input);
      const { answeredMs, window } = input;
      const isReached = answeredMs !== undefined && answeredMs > (window.failingSinceMs ?? Number.POSITIVE_INFINITY);
      assert.ok(cause !== "backend_down" || confidence !== "high" || isReached);
    }),
    { numRuns: 1_000, seed: 3 },
  );
});
