import assert from "node:assert/strict";
import { test } from "node:test";
import { diagnose } from "../../src/diagnosis/explain.ts";
import { judge } from "../../src/diagnosis/judge.ts";
import { inputOf, windowOf } from "./windows.ts";

const FINE = windowOf({ attempts: 20 });

const CASES: readonly (readonly [rule: string, input: Parameters<typeof inputOf>[0], said: string])[] = [
  // Evidence.
  ["two timeouts with evidence are hairpins", { window: { hairpins: 2, expected: 0.02 } }, "hairpin high"],
  ["one timeout with evidence is likely one", { window: { hairpins: 1, expected: 0.02 } }, "hairpin medium"],
  ["evidence counts more than a share that is not as expected", { window: { hairpins: 60, expected: 0.1 } }, "hairpin high"],
  ["where the configuration rules hairpins out one conviction is not enough", { window: { hairpins: 1 } }, "healthy high"],
  ["two are", { window: { hairpins: 2 } }, "hairpin high"],
  [
    "one conviction among many timeouts that were cleared is taken for an error",
    { window: { attempts: 40, hairpins: 1, silent: 39, expected: 0.25 }, control: FINE },
    "blackhole high",
  ],
  ["hairpins beside drops are still hairpins", { window: { hairpins: 20, silent: 30, expected: 0.25 } }, "hairpin high"],
  // Nothing comes back.
  ["all attempts without an answer are a blackhole", { window: { attempts: 40, silent: 40 }, control: FINE }, "blackhole high"],
  ["without a control it is likely one", { window: { attempts: 40, silent: 40 } }, "blackhole medium"],
  [
    "some attempts without an answer, too",
    { window: { attempts: 60, silent: 20, expected: 0.33 }, control: FINE },
    "blackhole medium",
  ],
  [
    "of a withdrawn address, too",
    { window: { attempts: 40, silent: 40, expected: undefined }, withdrawn: true },
    "blackhole medium",
  ],
  // Without evidence.
  [
    "a share as expected, where what cannot hairpin does not fail, is likely a hairpin",
    { window: { undecided: 33, expected: 0.33 }, others: [windowOf()], control: FINE },
    "hairpin medium",
  ],
  ["without such a control it is possibly one", { window: { undecided: 33, expected: 0.33 } }, "hairpin low"],
  ["also where a few timeouts were cleared", { window: { undecided: 30, silent: 5, expected: 0.33 } }, "hairpin low"],
  ["another share is not", { window: { undecided: 80, expected: 0.33 } }, "undecided low"],
  ["where everything is to fail a drop looks the same", { window: { undecided: 100, expected: 1 } }, "undecided low"],
  ["what cannot hairpin and times out is possibly a blackhole", { window: { undecided: 50 } }, "blackhole low"],
  [
    "where other zones' frontends fail as well it is no hairpin of this zone's, but possibly one all the same",
    { window: { undecided: 33, expected: 0.33 }, others: [windowOf({ undecided: 33 })], control: FINE },
    "hairpin low",
  ],
  [
    "behind a TLS listener the response tells, and no counter does",
    { window: { undecided: 33, reasons: { response_timeout: 33 }, expected: 0.33 }, tlsTerminated: true },
    "hairpin low",
  ],
  // Loss.
  ["late successes are lost packets", { window: { slow: 4 } }, "packet_loss high"],
  ["two of many are chance", { window: { slow: 2, attempts: 200 } }, "healthy high"],
  ["a few timeouts among them, too", { window: { slow: 20, silent: 4 } }, "packet_loss high"],
  ["heavy loss has more timeouts than late successes", { window: { attempts: 50, slow: 8, silent: 18 } }, "packet_loss high"],
  [
    "it hits the way past the NLB as well, which is no fault of the backends",
    { window: { attempts: 68, slow: 15, silent: 18 }, control: windowOf({ attempts: 16, slow: 3, silent: 4 }) },
    "packet_loss high",
  ],
  [
    "refusals beside a few late successes are refusals",
    { window: { slow: 3, reasons: { connect_refused: 40 } } },
    "refused medium",
  ],
  [
    "loss bites after the connect as well: what breaks off there does not make it the application's fault",
    { window: { attempts: 200, slow: 47, reasons: { connect_timeout: 13, response_timeout: 21 }, timeouts: 13, silent: 13 } },
    "packet_loss high",
  ],
  [
    "a backend that mostly does not answer is one, also where a few connects are late",
    { window: { slow: 3, reasons: { response_timeout: 24 } } },
    "application_error medium",
  ],
  [
    "a third of responses that do not come behind a TLS listener is no loss for a few late connects",
    { window: { undecided: 33, slow: 5, reasons: { response_timeout: 33 }, expected: 0.33 }, tlsTerminated: true },
    "hairpin low",
  ],
  ["many timeouts and few late successes are not", { window: { slow: 2, silent: 30 } }, "blackhole medium"],
  // The way past the NLB.
  [
    "what fails on both ways is the backends' fault, whatever it looks like",
    { window: { attempts: 40, silent: 40 }, control: windowOf({ attempts: 8, reasons: { connect_refused: 8 } }) },
    "backend_down high",
  ],
  [
    "some backends as well",
    {
      window: { attempts: 90, reasons: { connect_refused: 30 } },
      control: windowOf({ attempts: 18, reasons: { connect_refused: 5 } }),
    },
    "backend_down high",
  ],
  [
    "where nothing else was reached the way past the NLB shares the fault of this pod's own network: nothing is certain",
    {
      window: { attempts: 40, silent: 40 },
      control: windowOf({ attempts: 8, silent: 8 }),
      answeredMs: undefined,
    },
    "backend_down low",
  ],
  [
    "nor where it was reached only before the frontend began to fail",
    {
      window: { attempts: 40, silent: 40, failingSinceMs: 5 },
      control: windowOf({ attempts: 8, silent: 8 }),
      answeredMs: 4,
    },
    "backend_down low",
  ],
  [
    "what is unanswered on both ways is the backends' fault where something else was reached",
    {
      window: { attempts: 40, silent: 40, failingSinceMs: 5 },
      control: windowOf({ attempts: 8, silent: 8 }),
      answeredMs: 6,
    },
    "backend_down high",
  ],
  [
    "one failure past the NLB is chance",
    { window: { attempts: 90, reasons: { connect_refused: 90 } }, control: windowOf({ attempts: 18, reasons: { other: 1 } }) },
    "refused medium",
  ],
  [
    "one of two is chance, too",
    { window: { attempts: 90, reasons: { connect_refused: 90 } }, control: windowOf({ attempts: 2, reasons: { other: 1 } }) },
    "refused medium",
  ],
  [
    "refused while the way past the NLB is fine is the NLB's way",
    { window: { reasons: { connect_refused: 90 } }, control: FINE },
    "refused high",
  ],
  // The rest.
  ["most failures decide", { window: { reasons: { connect_refused: 10, http_error: 3 } } }, "refused medium"],
  ["a router that says no is unreachable", { window: { reasons: { unreachable: 90 } } }, "unreachable high"],
  ["a name without an address is dns_error", { window: { reasons: { dns_error: 90 } } }, "dns_error high"],
  [
    "answers that are errors are the application's",
    { window: { reasons: { http_error: 9, connection_lost: 5 } } },
    "application_error medium",
  ],
  [
    "a slow response without a TLS listener is the application's",
    { window: { reasons: { response_timeout: 9 } } },
    "application_error medium",
  ],
  ["what may not be probed is not judged", { window: { reasons: { not_internal: 90 } } }, "undecided low"],
  [
    "an agent that was mostly late blames nobody",
    { window: { attempts: 10, hairpins: 10, late: 11, expected: 1 } },
    "prober_starved high",
  ],
  ["one that was sometimes late does", { window: { late: 11 } }, "healthy high"],
  // Too little.
  ["no attempt says nothing", { window: { attempts: 0, expected: undefined } }, "undecided low"],
  ["nor do two", { window: { attempts: 2 } }, "undecided low"],
  [
    "a failure among many successes is no fault yet",
    { window: { attempts: 100, reasons: { connect_refused: 1 } } },
    "healthy high",
  ],
  ["among few it is open", { window: { attempts: 10, reasons: { connect_refused: 1 } } }, "undecided low"],
  ["one in four is ruled out by 11 successes at 5 %", { window: { attempts: 11, expected: 0.25 } }, "healthy high"],
  ["not by 10", { window: { attempts: 10, expected: 0.25 } }, "undecided low"],
  ["a share that is not known takes as many as 5 %", { window: { attempts: 59, expected: undefined } }, "healthy medium"],
  ["and not fewer", { window: { attempts: 58, expected: undefined } }, "undecided low"],
  ["a small share is ruled out by as many attempts as it takes", { window: { attempts: 200, expected: 0.04 } }, "healthy high"],
  ["hairpins too rare for one node are not ruled out", { window: { attempts: 200, expected: 0.001 } }, "healthy low"],
];
for (const [rule, input, said] of CASES) {
  test(rule, () => {
    const { cause, confidence } = judge(inputOf(input));
    assert.equal(`${cause} ${confidence}`, said);
  });
}

test("a hairpin that the configuration rules out sends to the configuration, not to the fix that is there", () => {
  const { next } = diagnose(inputOf({ window: { hairpins: 5 }, preservesClientIp: false }));
  assert.match(next, /FailedDeployModel/);
  assert.match(diagnose(inputOf({ window: { hairpins: 5, expected: 0.3 } })).next, /Switch client IP preservation off/);
});

test("where nothing answers this pod, what is said of the network is said of its own, too", () => {
  for (const reasons of [{ dns_error: 20 }, { connect_timeout: 20 }]) {
    const window = { attempts: 20, reasons, silent: reasons.connect_timeout ?? 0 };
    assert.match(diagnose(inputOf({ window, answeredMs: undefined })).explanation, /this pod's own network would look the same/);
    assert.doesNotMatch(diagnose(inputOf({ window })).explanation, /own network/);
  }
});

test("a blackhole names what would look the same here, by target type and level of evidence, and where it is told more", () => {
  const said = (given: Parameters<typeof inputOf>[0]): string =>
    diagnose(inputOf({ window: { attempts: 60, silent: 20, expected: 0.33 }, ...given })).explanation;
  assert.match(said({}), /INVALID packets, with rp_filter=1 .*host's network.*: see docs\/blind-spots\.md\.$/);
  assert.doesNotMatch(said({}), /eBPF/, "instance targets answer from the node");
  assert.match(said({ targetType: "ip" }), /a network policy that an eBPF agent enforces/);
  assert.doesNotMatch(said({ evidence: "capture" }), /INVALID/, "a capture sees packets before the firewall");
  const safe = { exposure: 0, window: { attempts: 60, silent: 20, expected: 0 } };
  assert.doesNotMatch(said(safe), /look the same/, "nothing hairpins here");
  const all = { window: { attempts: 40, silent: 40, expected: 0.33 } };
  assert.doesNotMatch(said(all), /look the same/, "hairpins never take all where other targets are");
});
