/** What an agent's page must be to be counted with. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { agentPageOf } from "../../src/verify/agents/pages.ts";

test("a page of ours with a number that counts nothing is refused, and the line said", () => {
  for (const value of ["NaN", "+Inf", "-1", "1e300"]) {
    const line = `hairpin_probe_attempts_total{node="n1"} ${value}`;
    assert.throws(() => agentPageOf(`up 1\n${line}\n`), /^Error: hairpin_probe_attempts_total: got .*, expected a number from 0/);
  }
  assert.equal(agentPageOf("hairpin_probe_attempts_total 5\nother NaN\n").samples.length, 2);
});
