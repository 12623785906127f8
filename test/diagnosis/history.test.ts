import assert from "node:assert/strict";
import { test } from "node:test";
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
  assert.deepEqual([history.controlWindow("c", 0).attempts, history.controlWindow("c", 2_000).failures], [2, 1]);
  assert.equal(history.controlWindow("c", 6_000).attempts, 0);
});
