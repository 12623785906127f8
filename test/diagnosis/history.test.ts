import assert from "node:assert/strict";
import { test } from "node:test";
import { array, boolean, assert as holds, property } from "fast-check";
import { History, MAX_OBSERVATIONS, WINDOW_MS } from "../../src/diagnosis/history.ts";
import type { Control } from "../../src/domain/control.ts";
import type { Evidence } from "../../src/domain/evidence.ts";
import type { Frontend } from "../../src/domain/frontend.ts";
import type { Outcome } from "../../src/domain/outcome.ts";
import { frontend, listener, nlbService, targetGroup } from "../support/services.ts";

const TIMEOUT_MS = 3_000;
const LATER_MS = 1_000_000;
const success = (connect = 0.001): Outcome => ({ kind: "success", phases: { connect } });
const timeout = (kind?: "reset" | "silent" | "undecided"): Outcome => ({
  kind: "failure",
  reason: "connect_timeout",
  phase: "connect",
  detail: "",
  seconds: 3,
  phases: {},
  ...(kind === undefined ? {} : { evidence: { kind } as Evidence }),
});

const harness = (one: Frontend = frontend({ exposure: 0.5 }), controls: readonly Control[] = []) => {
  const history = new History({ intervalMs: 1_000, timeoutMs: TIMEOUT_MS });
  history.plan([one], controls);
  const note = (outcomes: readonly Outcome[], fromMs = 0, stepMs = 1_000) => {
    for (const [i, outcome] of outcomes.entries()) history.note(one, outcome, fromMs + i * stepMs);
  };
  return { history, one, note, window: (nowMs: number) => history.window(one.id, nowMs) };
};
const times = <T>(count: number, value: T): readonly T[] => Array.from({ length: count }, () => value);

test("a window counts outcomes by what they mean", () => {
  const { note, window } = harness();
  note([
    success(),
    success(1.03),
    timeout("reset"),
    timeout("silent"),
    timeout("undecided"),
    timeout(),
    { kind: "discarded", why: "late" },
    { kind: "discarded", why: "shutdown" },
  ]);
  const { attempts, failures, timeouts, hairpins, silent, undecided, slow, late, reasons, expected, sinceMs } = window(100_000);
  assert.deepEqual(
    { attempts, failures, timeouts, hairpins, silent, undecided, slow, late, reasons, expected, sinceMs },
    {
      attempts: 6,
      failures: 4,
      timeouts: 4,
      hairpins: 1,
      silent: 1,
      undecided: 2,
      slow: 1,
      late: 1,
      reasons: { connect_timeout: 4 },
      expected: 0.5,
      sinceMs: 0,
    },
  );
});

test("a connect that came about late is late, whatever came of it; what a capture saw is counted apart; failing has a beginning", () => {
  const { note, window } = harness();
  const failed = { kind: "failure", detail: "", seconds: 3 } as const;
  note([
    success(),
    { ...failed, reason: "response_timeout", phase: "first_byte", phases: { connect: 1.02 } },
    {
      ...failed,
      reason: "connect_timeout",
      phase: "connect",
      phases: {},
      evidence: { kind: "capture", chosen: { address: "10.0.1.10", port: 31_080, node: "n1" } },
    },
    timeout("reset"),
  ]);
  const { slow, hairpins, captured, failingSinceMs } = window(LATER_MS / 10);
  assert.deepEqual({ slow, hairpins, captured, failingSinceMs }, { slow: 1, hairpins: 2, captured: 1, failingSinceMs: 1_000 });
});

test("whatever somebody answered last, at any frontend or past any NLB, shows that this pod reaches something", () => {
  const service = nlbService();
  const control: Control = { id: "c", service, listener: listener(), address: "172.20.0.1", port: 80 };
  const { history, note } = harness(frontend({ service }), [control]);
  assert.equal(history.answeredMs, undefined);
  note([timeout("silent"), timeout()]);
  assert.equal(history.answeredMs, undefined, "nobody answered");
  note([success()], 5_000);
  history.noteControl(
    control,
    { kind: "failure", reason: "connect_refused", phase: "connect", detail: "", seconds: 0, phases: {} },
    7_000,
  );
  note([success()], 6_000);
  assert.equal(history.answeredMs, 7_000);
});

test("behind a TLS listener a response that does not come is the timeout", () => {
  const outcome: Outcome = {
    kind: "failure",
    reason: "response_timeout",
    phase: "first_byte",
    detail: "",
    seconds: 3,
    phases: {},
  };
  for (const tlsTerminated of [true, false]) {
    const service = nlbService({ listeners: [listener({ tlsTerminated })] });
    const { note, window } = harness(frontend({ service }));
    note([outcome]);
    assert.equal(window(100_000).timeouts, tlsTerminated ? 1 : 0);
  }
});

test("what began so late that it may yet time out is not in the window, or successes would outnumber timeouts", () => {
  const { note, window } = harness();
  note(times(10, success()));
  assert.equal(window(9_000).attempts, 6);
  assert.equal(window(20_000).attempts, 10);
});

test("a window holds so many attempts and reaches back so far, whichever is less", () => {
  const many = harness();
  many.note(times(MAX_OBSERVATIONS + 50, success()));
  assert.equal(many.window(300_000).attempts, MAX_OBSERVATIONS);
  const old = harness();
  old.note([success(), success()], 0, WINDOW_MS);
  assert.equal(old.window(WINDOW_MS + 10_000).attempts, 1);
});

test("attempts end in another order than they began in", () => {
  const { note, window } = harness();
  note([success()], 2_000);
  note([timeout("reset")], 500);
  assert.equal(window(LATER_MS / 10).sinceMs, 500);
});

test("a change of configuration begins a new window, and what began before it is not counted into it", () => {
  const one = frontend({ exposure: 0.5 });
  const { history, note, window } = harness(one);
  note(times(5, timeout("reset")));
  const off = targetGroup({ preserveClientIp: { enabled: false, origin: "explicit" } });
  const changed = frontend({ exposure: 0, listener: listener({ targetGroup: off }) });
  history.plan([changed], []);
  assert.equal(window(100_000).attempts, 0);
  history.note(one, timeout("reset"), 6_000);
  assert.equal(window(100_000).attempts, 0);
  history.note(changed, success(), 7_000);
  assert.equal(window(100_000).attempts, 1);
});

test("another number of nodes is no change of configuration; what is expected is the mean", () => {
  const { history, note, window } = harness(frontend({ exposure: 0.5 }));
  note([success()]);
  const fewer = frontend({ exposure: 0.25 });
  history.plan([fewer], []);
  history.note(fewer, success(), 1_000);
  assert.deepEqual([window(100_000).attempts, window(100_000).expected], [2, 0.375]);
});

test("a frontend that is gone is forgotten", () => {
  const { history, one, note, window } = harness();
  note([success()]);
  history.plan([], []);
  history.plan([one], []);
  assert.equal(window(100_000).attempts, 0);
});

test("the successes before a fault began, and all there was before it ended, are left out", () => {
  const began = harness();
  began.note([...times(100, success()), ...times(8, timeout("silent"))]);
  assert.deepEqual([began.window(LATER_MS / 5).attempts, began.window(LATER_MS / 5).failures], [8, 8]);
  const ended = harness();
  ended.note([...times(20, timeout("silent")), ...times(12, success())]);
  assert.deepEqual([ended.window(LATER_MS / 5).attempts, ended.window(LATER_MS / 5).failures], [12, 0]);
});

test("a share that may be the same all along is not cut up", () => {
  const { note, window } = harness();
  // One in three, as it comes.
  note(Array.from({ length: 60 }, (_, i) => (i % 3 === 0 ? timeout("reset") : success())));
  assert.deepEqual([window(LATER_MS / 5).attempts, window(LATER_MS / 5).failures], [60, 20]);
  const once = harness();
  once.note([...times(100, success()), timeout("reset")]);
  assert.equal(once.window(LATER_MS / 5).attempts, 101, "one failure is no change");
  const over = harness();
  over.note([timeout("reset"), ...times(12, success())]);
  assert.equal(over.window(LATER_MS / 5).attempts, 13, "nor is it at the beginning");
  const lucky = harness();
  lucky.note([...times(11, success()), ...Array.from({ length: 30 }, (_, i) => (i % 3 === 0 ? timeout("reset") : success()))]);
  assert.equal(lucky.window(LATER_MS / 5).attempts, 41, "eleven successes are luck with one failure in three");
});

test("attempts past the NLB have a window of their own, from when it is asked for", () => {
  const service = nlbService();
  const control: Control = { id: "c", service, listener: listener(), address: "172.20.0.1", port: 80 };
  const { history } = harness(frontend({ service }), [control]);
  history.noteControl(control, success(), 1_000);
  history.noteControl(control, timeout(), 5_000);
  const window = (sinceMs: number, nowMs = LATER_MS) => history.controlWindow("c", sinceMs, nowMs);
  assert.deepEqual([window(0).attempts, window(2_000).failures], [2, 1]);
  assert.equal(window(6_000).attempts, 0);
  assert.equal(window(0, 8_999).attempts, 1, "what may yet time out");
});

/** Attempts at an interval, told in the order in which they end: timeouts a second after their deadline at the latest. */
function asTheyEnd(intervalMs: number, fails: readonly boolean[]): { readonly history: History; readonly one: Frontend } {
  const { one } = harness();
  const history = new History({ intervalMs, timeoutMs: TIMEOUT_MS });
  history.plan([one], []);
  const ends = fails.map((isTimeout, i) => ({ isTimeout, startedMs: i * intervalMs }));
  const endMs = ({ isTimeout, startedMs }: (typeof ends)[number]): number => startedMs + (isTimeout ? TIMEOUT_MS + 500 : 1);
  for (const { isTimeout, startedMs } of ends.toSorted((a, b) => endMs(a) - endMs(b)))
    history.note(one, isTimeout ? timeout("reset") : success(), startedMs);
  return { history, one };
}

for (const intervalMs of [10, 20, 50, 200, 1_000]) {
  test(`a third of attempts every ${intervalMs} ms is a third in the window: it lets go what began first, not what ended first`, () => {
    const count = MAX_OBSERVATIONS * 2 + 3 * Math.ceil((TIMEOUT_MS + 1_000) / intervalMs);
    const { history, one } = asTheyEnd(
      intervalMs,
      Array.from({ length: count }, (_, i) => i % 3 === 0),
    );
    const { attempts, timeouts } = history.window(one.id, count * intervalMs);
    assert.equal(attempts, MAX_OBSERVATIONS);
    assert.ok(Math.abs(timeouts - MAX_OBSERVATIONS / 3) < 1, `${timeouts} of ${attempts}`);
  });
}

test("a window is the last attempts that began early enough to have ended, whatever became of each", () => {
  const count = 500;
  const intervalMs = 20;
  holds(
    property(array(boolean(), { minLength: count, maxLength: count }), (fails) => {
      const { history, one } = asTheyEnd(intervalMs, fails);
      const { timeouts, attempts, sinceMs = 0 } = history.window(one.id, count * intervalMs);
      const ended = count - (TIMEOUT_MS + 1_000) / intervalMs;
      const [from, to] = [sinceMs / intervalMs, ended + 1];
      assert.equal(attempts, to - from);
      assert.equal(timeouts, fails.slice(from, to).filter(Boolean).length);
    }),
    { numRuns: 30 },
  );
});
