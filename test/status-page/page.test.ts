import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { CAUSES } from "../../src/domain/diagnosis.ts";
import { MAX_ROWS, rowsOf } from "../../src/status-page/matrix.ts";
import { PAGE_HEADERS, renderPage } from "../../src/status-page/page.ts";
import { CAUSE_WORDS, span, summaryOf } from "../../src/status-page/words.ts";
import { html } from "../../src/terminal/html.ts";
import { healthy, statusFailure, statusFrontend, statusOf, statusService } from "./statuses.ts";

const EVIL = `<script>alert(1)</script>"'&`;

test("values are text, whatever is in them", () => {
  assert.equal(html`<p title="${EVIL}">${EVIL}</p>`.text.includes("<script"), false);
  assert.ok(html`<p title="${EVIL}">`.text.includes("&quot;&#39;&amp;"));
  assert.equal(html`${"<"}${html`<b>${"&"}</b>`}${3}`.text, "&lt;<b>&amp;</b>3");
});

test("nothing that the cluster says becomes markup", () => {
  const clean = renderPage(statusOf());
  const status = statusOf({
    services: [
      statusService({
        namespace: EVIL,
        name: EVIL,
        hostname: EVIL,
        frontends: [
          statusFrontend({
            address: EVIL,
            zone: EVIL,
            diagnosis: { cause: "hairpin", confidence: "high", explanation: EVIL, next: EVIL },
          }),
        ],
      }),
    ],
    lastFailures: [statusFailure({ namespace: EVIL, detail: EVIL, chosen: { address: EVIL, port: 1, node: EVIL } })],
    skipped: [{ namespace: EVIL, name: EVIL, reason: "invalid", detail: EVIL }],
    skippedTotal: 1,
  });
  const page = renderPage({
    ...status,
    agent: { ...status.agent, node: EVIL, zone: EVIL, evidence: { level: "counters", note: EVIL, quiet: true } },
  });
  const scripts = (text: string) => text.split("<script").length;
  assert.equal(scripts(page), scripts(clean));
  assert.ok(page.includes("&lt;script&gt;alert(1)&lt;/script&gt;"));
  assert.doesNotMatch(page, /title="[^"]*<script/);
});

test("the browser is let do what the page does, known by its hash, and nothing else", () => {
  const page = renderPage(statusOf());
  const policy = PAGE_HEADERS["content-security-policy"] ?? "";
  for (const element of ["style", "script"]) {
    const contents = [...page.matchAll(new RegExp(`<${element}>(.*?)</${element}>`, "gs"))].map(([, content]) => content ?? "");
    assert.equal(contents.length, 1, element);
    const hash = createHash("sha256")
      .update(contents[0] ?? "")
      .digest("base64");
    assert.ok(policy.includes(`${element}-src 'sha256-${hash}'`), element);
  }
  assert.match(policy, /^default-src 'none';/);
  assert.doesNotMatch(policy, /unsafe|\*|https?:/);
  assert.equal(PAGE_HEADERS["x-content-type-options"], "nosniff");
});

test("it asks nobody for anything, and takes no input", () => {
  const page = renderPage(statusOf());
  assert.doesNotMatch(page, /(src|href)="(https?:)?\/\//);
  assert.doesNotMatch(page, /<(form|input|button|img|iframe|link rel="stylesheet")|\sstyle="|\son[a-z]+="/);
  assert.match(page, /<noscript><meta http-equiv="refresh"/);
});

test("every frontend has its share, its diagnosis and what was to be expected", () => {
  const page = renderPage(statusOf());
  for (const part of ["25 % ", "hairpin", "10 of 40 in 6 min 40 s", "expected 25 %", "10.0.32.5", "172.20.0.80:80", "Do that."]) {
    assert.ok(page.includes(part), part);
  }
});

test("past the NLB it is told what came of the attempts: none that failed is no failure, and few are no all-clear", () => {
  const cellOf = (attempts: number, failures: number): string => {
    const control = { address: "172.20.0.80:80", attempts, failures, reasons: {} };
    const page = renderPage(statusOf({ services: [statusService({ control })] }));
    return /<td data-label="past the NLB">(.*?)<\/td>/s.exec(page)?.[1]?.replaceAll(/<(?!div)[^>]*>/g, "") ?? "";
  };
  assert.match(cellOf(8, 0), /class="cell good">all came through\n0 of 8 failed/);
  assert.match(cellOf(2, 0), /class="cell idle">all came through/);
  assert.match(cellOf(0, 0), /class="cell idle">– no attempt yet/);
  assert.match(cellOf(8, 2), /class="cell bad">25 % failed\n2 of 8 failed/);
  for (const attempts of [0, 2, 8]) assert.doesNotMatch(cellOf(attempts, 0), /0 % failed|0 % /);
});

test("what blinds the agent stands before all that it says of frontends, also where those are well", () => {
  const status = statusOf({ services: [statusService({ frontends: [statusFrontend(healthy)] })] });
  const blindSpots = [{ by: "proxy", detail: "A connection to 10.0.35.1:80 was answered in this very pod." }] as const;
  const page = renderPage({ ...status, agent: { ...status.agent, blindSpots } });
  const [troubles = ""] = page.split('id="frontends"');
  for (const part of ["This agent does not see what other pods see", "sidecar", "10.0.35.1:80"])
    assert.ok(troubles.includes(part), part);
  assert.doesNotMatch(renderPage(status), /does not see/);
});

test("every cause has a word, and one that is not healthy is told in words", () => {
  for (const cause of CAUSES) {
    const frontend = statusFrontend({ diagnosis: { cause, confidence: "low", explanation: "Because.", next: "" } });
    const page = renderPage(statusOf({ services: [statusService({ frontends: [frontend] })] }));
    assert.ok(page.includes(CAUSE_WORDS[cause]), cause);
    assert.equal(page.includes("What is wrong"), !["healthy", "unmeasured", "undecided"].includes(cause), cause);
  }
});

test("what is measured only to the NLB has no share, and is said to be so with what would measure it", () => {
  const { window = statusFrontend().window } = healthy;
  const diagnosis = { cause: "unmeasured", confidence: "high", explanation: "Not behind it.", next: "Say that." } as const;
  const service = statusService({ reach: "nlb", frontends: [statusFrontend({ window, diagnosis })], control: null });
  const page = renderPage(statusOf({ services: [service] }));
  for (const part of ["Measured only to the NLB", "Not behind it.", "Say that.", "40 attempts in 6 min 40 s"])
    assert.ok(page.includes(part), part);
  assert.doesNotMatch(page, />0 % |0 of 40/);
  assert.match(summaryOf(statusOf({ services: [service] })), /1 measured only to the NLB\.$/);
});

test("an agent that knows nothing yet says so", () => {
  const empty = statusOf({ services: [] });
  assert.match(summaryOf({ ...empty, agent: { ...empty.agent, ready: false } }), /^Nothing is planned yet/);
  assert.equal(summaryOf(empty), "There is no internal NLB to probe.");
  assert.match(renderPage(empty), /No internal NLB is probed from here/);
});

test("the summary counts frontends by what is wrong with them, the worst first", () => {
  const frontends = [statusFrontend(healthy), statusFrontend(), statusFrontend(healthy)];
  assert.equal(
    summaryOf(statusOf({ services: [statusService({ frontends })] })),
    "3 frontends of 1 NLB port: 1 hairpin, 2 healthy.",
  );
});

test("the worst come first, and a cluster of thousands is no page of thousands", () => {
  const many = Array.from({ length: 1_000 }, (_, i) =>
    statusService({ name: `s${i}`, frontends: [statusFrontend(i === 900 ? {} : healthy)] }),
  );
  assert.equal(rowsOf(many)[0]?.name, "s900");
  const page = renderPage(statusOf({ services: many }));
  assert.equal(page.split('scope="row"').length - 1, MAX_ROWS);
  assert.match(page, new RegExp(`${1_000 - MAX_ROWS} more, none of them worse`));
});

test("times are told in two units at most", () => {
  assert.deepEqual([0, 0.2, 1.5, 3, 61, 3_600, 90_061].map(span), [
    "0 s",
    "200 ms",
    "1.5 s",
    "3 s",
    "1 min 1 s",
    "1 h",
    "1 d 1 h",
  ]);
});

test("while evidence is called off the page says so, and nothing of it otherwise", () => {
  const { agent, ...rest } = statusOf();
  const pageOf = (quiet: boolean | null) => renderPage({ ...rest, agent: { ...agent, evidence: { ...agent.evidence, quiet } } });
  assert.match(pageOf(false), /called off: packets from elsewhere make this pod send resets/);
  for (const quiet of [true, null]) assert.doesNotMatch(pageOf(quiet), /called off/);
});
