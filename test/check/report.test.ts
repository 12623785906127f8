import assert from "node:assert/strict";
import { test } from "node:test";
import { renderJson } from "../../src/check/json.ts";
import { type CheckedFrontend, type CheckReport, connectHistogram, verdictOf } from "../../src/check/report.ts";
import { renderText } from "../../src/check/text.ts";
import type { Cause } from "../../src/domain/diagnosis.ts";
import type { Outcome } from "../../src/domain/outcome.ts";
import { windowOf } from "../diagnosis/windows.ts";
import { frontend, listener, nlbService } from "../support/services.ts";

const connected = (connect: number): Outcome => ({ kind: "success", phases: { connect } });
const hairpin: Outcome = {
  kind: "failure",
  reason: "connect_timeout",
  phase: "connect",
  detail: "",
  seconds: 3,
  phases: {},
  evidence: { kind: "capture", chosen: { address: "10.0.1.10", port: 31_080, node: "n1" } },
};
const checked = (cause: Cause, given: Partial<CheckedFrontend> = {}): CheckedFrontend => ({
  frontend: frontend({ exposure: 0.5 }),
  outcomes: [connected(0.0003), connected(1.02), hairpin, hairpin],
  window: windowOf({ attempts: 4, hairpins: 2, slow: 1, expected: 0.5 }),
  diagnosis: { cause, confidence: "high", explanation: "So it was.", next: "Do that." },
  ...given,
});
const report = (given: Partial<CheckReport> = {}): CheckReport => ({
  target: "shop/web",
  at: new Date(0),
  node: "n1",
  zone: "eu-west-1a",
  seconds: 4.2,
  maxAttempts: 200,
  isInterrupted: false,
  hasEvidence: true,
  frontends: [checked("hairpin")],
  controls: [{ address: "172.20.0.80", port: 80, window: windowOf({ attempts: 3 }) }],
  fix: undefined,
  notes: [],
  ...given,
});

test("the verdict is that of the worst address, and nothing is healthy that is not", () => {
  const of = (...causes: readonly Cause[]) => verdictOf({ frontends: causes.map((cause) => checked(cause)) });
  assert.equal(of("healthy", "hairpin", "blackhole"), "hairpin");
  assert.equal(of("healthy", "refused", "undecided"), "fault");
  assert.equal(of("healthy", "undecided"), "undecided");
  assert.equal(of("healthy", "prober_starved"), "undecided");
  assert.equal(of("healthy", "unmeasured"), "undecided");
  assert.equal(of("unmeasured"), "undecided");
  assert.equal(of("unmeasured", "backend_down"), "fault");
  assert.equal(of("healthy", "healthy"), "healthy");
  assert.equal(of(), "undecided");
});

test("the histogram has every success once, and no empty ends", () => {
  const bins = connectHistogram([connected(0.0003), connected(0.0004), connected(1.02), hairpin]);
  assert.deepEqual([bins[0]?.count, bins.at(-1)?.count, bins.at(-1)?.to], [2, 1, 1.9]);
  assert.deepEqual(connectHistogram([hairpin]), []);
});

test("the text has what was asked for, per address", () => {
  const text = renderText(report(), 100, (_, plain) => plain);
  for (const part of [
    "shop/web from node n1 in eu-west-1a",
    "10.0.32.5:80 (eu-west-1a, this node's zone)",
    "4, 2 failed (2 connect_timeout)",
    "2 hairpins",
    "n1:31080 2 times",
    "50 % (95 % interval 7 % to 93 %), expected 50 %",
    "to 1.9 s",
    "hairpin (certain)",
    "Past the NLB (172.20.0.80:80): 3 attempts, none failed.",
    "Verdict: connections hairpin.",
    "It took 7 attempts in 4.2 s: stopped early",
  ]) {
    assert.ok(text.includes(part), `${part}\nin\n${text}`);
  }
  for (const line of text.split("\n")) assert.ok(line.length <= 100, line);
});

test("a verdict claims no more than was found", () => {
  const verdictLine = (one: CheckedFrontend): string =>
    /Verdict: .*/.exec(renderText(report({ frontends: [one] }), 100, (_, plain) => plain))?.[0] ?? "";
  const window = windowOf({ attempts: 100, undecided: 33 });
  assert.equal(verdictLine(checked("hairpin", { window })), "Verdict: connections seem to hairpin, without proof.");
  // Hairpins may look the same as packets that nobody answers.
  assert.equal(verdictLine(checked("blackhole", { window })), "Verdict: something is wrong, and no hairpin is proved.");
});

test("what was interrupted has not stopped because it was sure", () => {
  const text = renderText(report({ isInterrupted: true }), 100, (_, plain) => plain);
  assert.match(text, /It took 7 attempts in 4\.2 s: interrupted, without what was under way\.\n$/);
  assert.equal(JSON.parse(renderJson(report({ isInterrupted: true }))).stoppedEarly, false);
});

test("what the cluster says cannot write on the terminal", () => {
  const text = renderText(report({ target: "shop/\u001b[31mweb", notes: ["a\nb\u202e"] }), 100, (_, plain) => plain);
  assert.ok(!text.includes("\u001b") && !text.includes("\u202e"), text);
});

test("where attempts end at the NLB no share is told, and the verdict says how far it was measured", () => {
  const service = nlbService({ listeners: [listener({ port: 443, protocol: "tls", tlsTerminated: true })] });
  const atNlb = checked("unmeasured", {
    frontend: frontend({ service, exposure: 0.25 }),
    outcomes: [connected(0.0003)],
    window: windowOf({ attempts: 40, expected: 0.25 }),
  });
  const text = renderText(report({ frontends: [atNlb] }), 100, (_, plain) => plain);
  assert.match(text, /timed out +not measured behind the NLB, expected 25 %/);
  assert.match(text, /Verdict: measured only as far as the NLB\./);
  assert.doesNotMatch(text, /0 % \(95/);
  const [json] = JSON.parse(renderJson(report({ frontends: [atNlb] }))).frontends;
  assert.deepEqual([json.reach, json.share, json.timeouts], ["nlb", null, 0]);
  const onTheWay = { ...atNlb, window: windowOf({ attempts: 40, silent: 10 }) };
  assert.equal(JSON.parse(renderJson(report({ frontends: [onTheWay] }))).frontends[0].share.observed, 0.25);
});

test("JSON says the same, with null for what is not known", () => {
  const json = JSON.parse(
    renderJson(report({ zone: undefined, frontends: [checked("undecided", { frontend: frontend({ zone: undefined }) })] })),
  );
  assert.equal(json.schemaVersion, 1);
  assert.equal(json.verdict, "undecided");
  assert.deepEqual([json.from.zone, json.frontends[0].zone, json.frontends[0].exposure, json.fix], [null, null, null, null]);
  assert.deepEqual(json.frontends[0].evidence, {
    hairpins: 2,
    silent: 0,
    undecided: 0,
    chosen: [{ target: "n1:31080", count: 2 }],
  });
});
