import assert from "node:assert/strict";
import { test } from "node:test";
import { renderSummaryJson } from "../../src/verify/json.ts";
import { renderSummaryMarkdown } from "../../src/verify/markdown.ts";
import { countsText, overallVerdict, sortReports, standingOf } from "../../src/verify/summary.ts";
import { renderSummaryText } from "../../src/verify/summary-text.ts";
import { renderSvg } from "../../src/verify/svg.ts";
import { FIXED } from "./observations.ts";
import { reportOf } from "./reports.ts";

const plain = (_: unknown, text: string): string => text;
const fixed = reportOf({}, FIXED, { service: "shop/web" });
const unfixed = reportOf({}, { ...FIXED, share: 1 / 3 }, { service: "shop/api" });
const short = reportOf({}, { ...FIXED, attempts: 2 }, { service: "pay/cart" });
const calm = reportOf({ share: 0 }, FIXED, { service: "pay/quiet" });
const ALL = [fixed, unfixed, short, calm];
const NOT_JUDGED = [
  { service: "x/a", why: "it did not change" },
  { service: "x/b", why: "it did not change" },
];

test("the verdict on all is that of the worst, and Services with nothing to fix do not count", () => {
  assert.deepEqual(ALL.map(standingOf), ["fixed", "not_fixed", "inconclusive", "nothing_to_fix"]);
  assert.equal(overallVerdict(ALL), "not_fixed");
  assert.equal(overallVerdict([fixed, short, calm]), "inconclusive");
  assert.equal(overallVerdict([fixed, calm]), "fixed");
  assert.equal(overallVerdict([calm]), "inconclusive");
  assert.equal(overallVerdict([]), "inconclusive");
});

test("the worst come first, and each kind is counted", () => {
  assert.deepEqual(
    sortReports(ALL).map(({ service }) => service),
    ["shop/api", "pay/cart", "shop/web", "pay/quiet"],
  );
  assert.equal(
    countsText({ reports: ALL, notJudged: NOT_JUDGED }),
    "4 Services: 1 not fixed, 1 inconclusive, 1 fixed, 1 with nothing to fix; 2 not judged",
  );
});

test("the text has a line for each, why for those that are not fixed, and each reason for not judging once", () => {
  const text = renderSummaryText({ reports: ALL, notJudged: NOT_JUDGED }, 80, plain);
  assert.match(text, /^NOT FIXED\n {2}4 Services/);
  assert.match(text, /\nNOT FIXED +shop\/api +33 % \(198 of 600\) +33 % \(198 of 600\)\n/);
  assert.match(text, /\n {2}shop\/api\n {4}198 connections hairpinned since the change/);
  assert.doesNotMatch(text, /\n {2}shop\/web\n/);
  assert.equal(text.match(/Not judged, it did not change:\n {2}x\/a, x\/b\n/g)?.length, 1);
  for (const line of text.split("\n")) assert.ok(line.length <= 80, line);
});

test("a cluster of thousands is no page of names", () => {
  const notJudged = Array.from({ length: 3_000 }, (_, i) => ({ service: `shop/web-${i}`, why: "it did not change" }));
  const text = renderSummaryText({ reports: [fixed], notJudged }, 80, plain);
  assert.ok(text.split("\n").length < 12, text);
  assert.match(text, /and 2992 more/);
});

test("the JSON has the same for each Service as for one, its standing, and what was not judged", () => {
  const value = JSON.parse(renderSummaryJson({ reports: ALL, notJudged: NOT_JUDGED })) as {
    readonly schemaVersion: number;
    readonly verdict: string;
    readonly services: readonly {
      readonly service: string;
      readonly standing: string;
      readonly comparisons: readonly object[];
    }[];
    readonly notJudged: readonly object[];
  };
  assert.deepEqual([value.schemaVersion, value.verdict, value.services.length], [1, "not_fixed", 4]);
  assert.deepEqual([value.services[0]?.service, value.services[0]?.standing], ["shop/api", "not_fixed"]);
  assert.ok((value.services[0]?.comparisons.length ?? 0) > 3);
  assert.deepEqual(value.notJudged, NOT_JUDGED);
});

test("the Markdown is a table of all, and a section for each that there is something to say of", () => {
  const text = renderSummaryMarkdown({ reports: ALL, notJudged: NOT_JUDGED });
  assert.match(text, /^# NOT FIXED\n/);
  assert.match(text, /\| FIXED \| shop\/web \| 33 % \(198 of 600\) \| 0 % \(0 of 600\) \|/);
  assert.equal(text.match(/^## /gm)?.length, 3);
  assert.match(text, /- x\/a: not judged, it did not change/);
});

test("the picture has two bars with their intervals for each comparison, on a scale that holds the widest", () => {
  const svg = renderSvg([fixed]);
  const widths = [...svg.matchAll(/class="(before|after)" x="300" y="[\d.]+" width="([\d.]+)"/g)].map(([, kind, width]) => [
    kind,
    Number(width),
  ]);
  // 33 % of a scale that ends at 50 %, on 320 pixels; and nothing after it.
  assert.deepEqual(widths.slice(0, 2), [
    ["before", 211.2],
    ["after", 0],
  ]);
  assert.match(svg, />33 %: 198 of 600 \(29 % to 37 %\)</);
  assert.match(svg, /<title id="title">shop\/web: FIXED<\/title>/);
});

test("nothing that a Service is called becomes markup of the picture", () => {
  const svg = renderSvg([reportOf({}, FIXED, { service: 'shop/<script>"&' })]);
  assert.doesNotMatch(svg, /<script/);
  assert.match(svg, /shop\/&lt;script&gt;&quot;&amp;/);
});
