import assert from "node:assert/strict";
import { test } from "node:test";
import { runCheck } from "../../src/check-run.ts";
import type { Outcome } from "../../src/domain/outcome.ts";
import { systemClock } from "../../src/schedule/system-clock.ts";
import { frontend } from "../support/services.ts";

const SUCCESS: Outcome = { kind: "success", phases: { connect: 0.001 } };
const TIMEOUT: Outcome = {
  kind: "failure",
  reason: "connect_timeout",
  phase: "connect",
  detail: "",
  seconds: 3,
  phases: {},
};
const CUT_OFF: Outcome = { kind: "discarded", why: "shutdown" };

test("a check that is interrupted counts none of the successes whose timeouts were still under way", async () => {
  const stop = new AbortController();
  const cutOff = new Promise<Outcome>((resolve) => stop.signal.addEventListener("abort", () => resolve(CUT_OFF)));
  let begun = 0;
  // Every other one times out. From the twenty-first on there is no time left for that.
  const attempt = async (): Promise<Outcome> => {
    const i = begun++;
    if (begun === 60) stop.abort();
    if (i % 2 === 0) return SUCCESS;
    return i < 20 ? TIMEOUT : cutOff;
  };
  const { frontends } = await runCheck({
    frontends: [frontend()],
    controls: [],
    prober: { frontend: attempt, control: attempt },
    evidence: () => "counters",
    attempts: 1_000,
    rate: 5_000,
    clock: systemClock,
    random: () => 0,
    signal: stop.signal,
    onProgress: () => {},
  });
  const [checked] = frontends;
  // The first success after the last timeout that had its time is the last one of which it is known what began before it.
  assert.deepEqual([checked?.window.attempts, checked?.window.timeouts, checked?.outcomes.length], [21, 10, 21]);
});
