import assert from "node:assert/strict";
import { test } from "node:test";
import { renderJson } from "../../src/verify/json.ts";
import { renderMarkdown } from "../../src/verify/markdown.ts";
import { renderText } from "../../src/verify/text.ts";
import { FIXED } from "./observations.ts";
import { reportOf } from "./reports.ts";

const plain = (_: unknown, text: string): string => text;

test("the text says verdict, reason, spans, what changed, and each comparison with bars", () => {
  const text = renderText(reportOf({}, FIXED), 80, plain);
  assert.match(text, /^shop\/web: FIXED\n {2}Had nothing changed/);
  assert.match(text, /change {3}1970-01-01T00:10:00Z, seen by the agents; 2 min after it left out\n/);
  assert.match(text, /client IP preservation: true, now false\n/);
  assert.match(text, /before █{8}░{16} {3}33 % {2}198 of 600 \(29 % to 37 %\)\n/);
  assert.match(text, /after {2}░{24} {4}0 % {2}0 of 600 \(0 % to 0\.6 %\)\n/);
  assert.match(text, /Difference -33\.0 points/);
  assert.match(text, /Proved\s+hairpins: 198 before, 0 after\./);
});

test("no line is wider than the terminal, and none has a control character out of a name", () => {
  const nasty = reportOf(
    {},
    { ...FIXED, configuration: { hostname: "web\u001b[31m" } },
    { service: "shop/\u202ebew", warnings: ["a\u0007b"] },
  );
  for (const width of [60, 80, 120]) {
    const text = renderText(nasty, width, plain);
    for (const line of text.split("\n")) assert.ok(line.length <= width, `${line.length}: ${line}`);
    assert.doesNotMatch(text.replaceAll("\n", ""), /[\p{Cc}\p{Cf}]/u);
  }
});

test("the same attempts are told apart by plain facts: a backend on the node, the node's own zone", () => {
  const text = renderText(reportOf({ colocated: (node) => node.endsWith("-0") }, FIXED), 80, plain);
  const sections = text.split("\n\n");
  const before = (title: string) => sections.find((each) => each.startsWith(`  ${title}`))?.split("\n")[1] ?? "";
  // Two of six nodes host a backend; each node hairpins at its own zone's address, and nowhere else.
  assert.match(before("Nodes with a backend, timed out"), /17 % {2}66 of 400 /);
  assert.match(before("Nodes without a backend, timed out"), /17 % {2}132 of 800 /);
  assert.match(before("To the node's own zone, timed out"), /33 % {2}198 of 600 /);
  assert.match(before("To other zones, timed out"), / 0 % {2}0 of 600 /);
});

test("a share above 0 is seen, however small", () => {
  assert.match(renderText(reportOf({}, { ...FIXED, share: 0.01, proved: 0 }), 80, plain), /after {2}█░{23} {4}1 % {2}6 of 600/);
});

test("too little data says how long it takes", () => {
  const text = renderText(reportOf({}, { ...FIXED, attempts: 2 }), 80, plain);
  assert.match(text, /^shop\/web: INCONCLUSIVE\n/);
  assert.match(text, /At the present rate there will be enough in \d+ min\./);
});

test("the JSON has all of it, and null for what is not known", () => {
  const value = JSON.parse(renderJson(reportOf({}, FIXED, { warnings: ["store a is away"] }))) as Record<string, unknown>;
  assert.equal(value.schemaVersion, 1);
  assert.equal(value.verdict, "fixed");
  assert.equal(value.secondsNeeded, null);
  assert.deepEqual(value.warnings, ["store a is away"]);
  assert.deepEqual(Object.keys(value), [
    "schemaVersion",
    "service",
    "verdict",
    "because",
    "change",
    "before",
    "after",
    "ifUnfixed",
    "secondsNeeded",
    "comparisons",
    "warnings",
  ]);
});

test("in markdown nothing that a Service is called becomes markup", () => {
  const text = renderMarkdown(reportOf({}, FIXED, { service: "shop/*web*|<b>" }));
  assert.match(text, /^## shop\/\\\*web\\\*\\\|\\<b\\>: FIXED\n/);
  assert.match(
    text,
    /\| Paths that were exposed, timed out \| 33 %: 198 of 600 \(29 % to 37 %\) \| 0 %: 0 of 600 \(0 % to 0\.6 %\) \| < 0\.0001 \|/,
  );
});
