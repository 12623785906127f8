/** Listeners that terminate TLS, at which attempts end: what may be said of them, and what may not. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { constantFrom, assert as holds, integer, option, property, record } from "fast-check";
import { diagnose } from "../../src/diagnosis/explain.ts";
import { configurationOf } from "../../src/diagnosis/input.ts";
import { judge } from "../../src/diagnosis/judge.ts";
import { timeoutShare } from "../../src/domain/window.ts";
import { frontend, listener, nlbService } from "../support/services.ts";
import { inputOf, windowOf } from "./windows.ts";

const AT_NLB = { tlsTerminated: true, endsAtNlb: { port: 443, isInFile: false } };
const FINE = windowOf({ attempts: 20 });

test("however many attempts succeed, a listener at which they end is never healthy", () => {
  const windows = record({ attempts: integer({ min: 1, max: 300 }), heard: integer({ min: 0, max: 300 }) });
  const given = record({
    window: windows,
    expected: option(constantFrom(0, 0.01, 0.3, 1), { nil: undefined }),
    control: option(windows, { nil: undefined }),
  });
  holds(
    property(given, ({ window: { attempts, heard }, expected, control }) => {
      const window = { attempts, heard: Math.min(heard, attempts - 1), expected };
      const { cause, explanation, next } = diagnose(
        inputOf({ ...AT_NLB, window, control: control && windowOf({ attempts: control.attempts }) }),
      );
      assert.equal(cause, "unmeasured");
      assert.match(explanation, /terminates TLS.* is not measured/);
      assert.match(next, /hairpin-probe\/protocol: "443=https"/);
      assert.equal(timeoutShare(windowOf(window), "nlb"), undefined);
    }),
  );
});

const CASES: readonly (readonly [rule: string, input: Parameters<typeof inputOf>[0], said: string])[] = [
  [
    "what fails past the NLB is told, though the NLB answers for itself",
    { window: { attempts: 100 }, control: windowOf({ attempts: 20, reasons: { connect_refused: 20 } }) },
    "backend_down medium",
  ],
  [
    "one failure past the NLB is chance",
    { window: { attempts: 100 }, control: windowOf({ attempts: 20, reasons: { connect_refused: 1 } }) },
    "unmeasured high",
  ],
  ["that the way past the NLB is fine says nothing of the way through it", { control: FINE }, "unmeasured high"],
  ["backends that speak first, and did each time, are well", { window: { attempts: 100, heard: 100 } }, "healthy high"],
  ["one failure among them is chance", { window: { attempts: 100, heard: 99, reasons: { other: 1 } } }, "healthy high"],
  ["those that did not each time may be lost", { window: { attempts: 100, heard: 67, expected: 0.33 } }, "unmeasured high"],
  [
    "connections that break off of which nothing was asked are a fault",
    { window: { attempts: 40, reasons: { connection_lost: 40 } }, control: FINE },
    "application_error high",
  ],
  [
    "connects that time out never came to the NLB: as large a share as hairpins would have is none of them",
    { window: { attempts: 100, undecided: 33, expected: 0.33 }, control: FINE },
    "blackhole low",
  ],
  ["late successes are lost packets, here too", { window: { slow: 4 } }, "packet_loss high"],
];
for (const [rule, input, said] of CASES) {
  test(rule, () => {
    const { cause, confidence } = judge(inputOf({ ...AT_NLB, ...input }));
    assert.equal(`${cause} ${confidence}`, said);
  });
}

test("what is said agrees with what was counted, and names what would measure it", () => {
  const said = (given: Parameters<typeof inputOf>[0]) => diagnose(inputOf({ ...AT_NLB, ...given }));
  const down = said({ window: { attempts: 40 }, control: windowOf({ attempts: 20, reasons: { connect_timeout: 20 } }) });
  assert.match(
    down.explanation,
    /^All 40 attempts got as far as the NLB.* Past the NLB 20 of 20 attempts failed: it is the backends\.$/,
  );
  const exposed = said({ window: { attempts: 39, reasons: { other: 1 }, expected: 0.25 } });
  assert.match(exposed.explanation, /^38 of 39 attempts got as far as the NLB.* imply that 25 % of them hairpin\.$/);
  const broken = said({ window: { attempts: 9, reasons: { connection_lost: 9 } } });
  assert.match(broken.explanation, /^All 9 attempts failed \(connection_lost\)\. The NLB broke connections off/);
  const inFile = said({ endsAtNlb: { port: 8883, isInFile: true } });
  assert.match(inFile.next, /give port 8883 "protocol: https" and a path in the frontends file/);
});

test("whatever was seen of such a listener, there is a sentence for it that agrees with the counts", () => {
  const count = integer({ min: 0, max: 30 });
  const seen = record({ successes: count, heard: count, slow: count, undecided: count, lost: count, refused: count });
  const windows = seen.map(({ successes, lost, refused, ...rest }) => {
    const reasons = Object.fromEntries(
      Object.entries({ connect_timeout: rest.undecided, connection_lost: lost, connect_refused: refused }).filter(
        ([, n]) => n > 0,
      ),
    );
    const attempts = successes + rest.slow + rest.undecided + lost + refused;
    return windowOf({ ...rest, heard: Math.min(rest.heard, successes), attempts, reasons, expected: 0.3 });
  });
  holds(
    property(windows, option(windows, { nil: undefined }), (window, control) => {
      const { cause, explanation, next } = diagnose(inputOf({ ...AT_NLB, window, control }));
      assert.match(explanation, /^[A-Z0-9].*\.$/);
      assert.doesNotMatch(`${explanation} ${next}`, /undefined|NaN| {2}|\.\./);
      assert.equal(next === "", ["healthy", "undecided"].includes(cause), `${cause}: ${next}`);
      if (cause === "healthy") assert.equal(window.heard, window.attempts - window.failures);
      if (/All \d+ attempts got as far/.test(explanation)) assert.equal(window.failures, 0);
      assert.notEqual(cause, "hairpin", "connects that time out never came to the NLB");
    }),
  );
});

test("which listeners those are follows from the configuration", () => {
  const of = (given: Parameters<typeof listener>[0], controller: "lbc" | "static" = "lbc") => {
    const service = nlbService({ controller, listeners: [listener({ port: 443, ...given })] });
    return configurationOf(frontend({ service })).endsAtNlb;
  };
  assert.deepEqual(of({ protocol: "tls", tlsTerminated: true }), { port: 443, isInFile: false });
  assert.deepEqual(of({ protocol: "tcp", tlsTerminated: true }, "static"), { port: 443, isInFile: true });
  assert.equal(of({ protocol: "https", tlsTerminated: true }), undefined);
  assert.equal(of({ protocol: "tls" }), undefined);
});
