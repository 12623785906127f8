import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Finding, sortFindings } from "../../src/audit/finding.ts";
import { renderJson } from "../../src/audit/json.ts";
import { renderMarkdown } from "../../src/audit/markdown.ts";
import { type AuditReport, renderText } from "../../src/audit/text.ts";
import { CCM, lbcService, PRESERVE_OFF, service } from "../discovery/support/objects.ts";
import { findingOf } from "./findings.ts";

const plainly = (_format: unknown, text: string): string => text;
const report = (...findings: readonly Finding[]): AuditReport => ({ findings, all: findings, notes: [] });

/** 300 Services as clusters have them: long names, every verdict. */
const many = sortFindings(
  Array.from({ length: 300 }, (_, i) => {
    const name = `${["web", "checkout-api", "ingress-nginx-controller-internal"][i % 3]}-${i}`;
    const namespace = ["shop", "platform-observability"][i % 2] ?? "";
    if (i % 10 === 0)
      return findingOf(service({ namespace, name, annotations: { ...CCM, "target-group-attributes": PRESERVE_OFF } }));
    if (i % 10 < 3)
      return findingOf(lbcService({ namespace, name }), {
        exposure: 1 / (1 + (i % 4)),
        exposedNode: "ip-10-0-1-17.eu-west-1.compute.internal",
      });
    return findingOf(lbcService({ namespace, name, annotations: { "target-group-attributes": PRESERVE_OFF } }));
  }),
  "exposure",
);

describe("the report on a terminal", () => {
  it("does not show what a controller refuses as if it were applied", () => {
    const annotations = { "target-group-attributes": PRESERVE_OFF, "proxy-protocol": "true" };
    const text = renderText(report(findingOf(lbcService({ annotations }))), 200, plainly);
    assert.doesNotMatch(text, /off \(explicit\)|instance/);
    assert.match(text, /^unknown +shop\/web/m);
    assert.match(text, /proxy-protocol: got "true", expected \*\./);
    assert.match(text, /leaves all as it was/);
  });

  for (const width of [60, 80, 100, 120, 200]) {
    it(`with 300 Services fits ${width} columns but for commands, which are to be copied, and ends with the count`, () => {
      const lines = renderText(report(...many), width, plainly)
        .trimEnd()
        .split("\n");
      for (const line of lines) assert.ok(line.length <= width || line.includes("kubectl"), line);
      assert.equal(lines.at(-1), "300 load balancers: 60 can hairpin, 30 unknown, 210 cannot.");
      const rows = lines.slice(1, 301);
      assert.equal(rows.filter((row) => row.startsWith("can ")).length, 60);
      // Names are told apart, however narrow it is.
      assert.equal(new Set(rows).size, 300);
    });
  }

  it("cuts nothing where the width has no end", () => {
    const text = renderText(report(...many), Number.POSITIVE_INFINITY, plainly);
    assert.doesNotMatch(text, /…/);
    assert.match(text, /highest on ip-10-0-1-17\.eu-west-1\.compute\.internal$/m);
  });

  it("says each sentence once, and whom it is about", () => {
    const text = renderText(report(...many), 100, plainly);
    assert.equal(text.match(/Whether client IP preservation is off is not known/g)?.length, 1);
    assert.match(text, /and\s+22\s+more$/m);
    assert.equal(text.match(/What switching preservation off costs/g)?.length, 1);
  });

  it("has a command for each that can", () => {
    const text = renderText(report(...many), 100, plainly);
    assert.equal(text.match(/^ {2}kubectl annotate --overwrite -n /gm)?.length, 60);
  });
});

describe("an annotation that is ignored", () => {
  const asked = { ...CCM, "nlb-target-type": "ip" };
  const findings = ["a", "b"].map((name) => findingOf(service({ name, annotations: asked })));
  const said = "nlb-target-type is ignored: the cloud provider makes targets of type instance alone.";

  it("is in the text once, with those that have it, and the fix offers what works for their handler", () => {
    const text = renderText(report(...findings), 100, plainly);
    assert.equal(text.replaceAll(/\s+/g, " ").split(said).length - 1, 1);
    assert.match(text, /^Ignored\n {2}service[\s\S]*?alone\.\n {4}shop\/a, shop\/b$/m);
    assert.match(text.replaceAll(/\s+/g, " "), /made anew with \S*type=external, \S*nlb-target-type=ip, \S*scheme=internal\./);
  });

  it("is in the Markdown and in the JSON, too", () => {
    assert.match(renderMarkdown(report(...findings)), /^- `service\S*nlb-target-type` is ignored: the .* \(shop\/a, shop\/b\)$/m);
    const { loadBalancers } = JSON.parse(renderJson(report(...findings))) as { loadBalancers: { ignored: unknown }[] };
    assert.deepEqual(loadBalancers[0]?.ignored, [
      {
        annotation: "service.beta.kubernetes.io/aws-load-balancer-nlb-target-type",
        reason: "the cloud provider makes targets of type instance alone",
      },
    ]);
  });
});

const EVIL = `x\u001b[31m\u202e'$(reboot)|\u0007`;

describe("text from the cluster", () => {
  const evil = findingOf(lbcService({ annotations: { "target-group-attributes": `note=${EVIL}` } }), {
    exposure: 1,
    exposedNode: EVIL,
  });

  it("reaches a terminal without control characters, and a shell inside quotes", () => {
    const text = renderText(report(evil), 200, plainly);
    assert.ok(!/[\p{Cc}\p{Cf}]/u.test(text.replaceAll("\n", "")));
    const [, argument = ""] = /service\/web (.*)$/m.exec(text) ?? [];
    assert.match(argument, /^'.*'\\''\$\(reboot\).*'$/);
  });

  it("does not become markup", () => {
    const markdown = renderMarkdown(report({ ...evil, reason: "a | b <script> `c` [d](e)", exposure: 0 }));
    const row = markdown.split("\n").find((line) => line.includes("shop/web")) ?? "";
    assert.match(row, /a \\\| b \\<script\\> \\`c\\` \\\[d\\\]\\\(e\\\)/);
    assert.doesNotMatch(markdown.replaceAll("\n", ""), /\p{Cc}/u);
  });

  it("is in the JSON as it is", () => {
    const parsed = JSON.parse(renderJson(report(evil))) as { loadBalancers: { exposedNode: string }[] };
    assert.equal(parsed.loadBalancers[0]?.exposedNode, EVIL);
  });
});

describe("the report as JSON", () => {
  it("has null for what is not known, and nothing twice", () => {
    const unclear = findingOf(service({ annotations: { ...CCM, "target-group-attributes": PRESERVE_OFF } }));
    const parsed = JSON.parse(renderJson({ findings: [], all: [unclear], notes: ["n"] })) as object;
    assert.deepEqual(parsed, {
      schemaVersion: 1,
      summary: { total: 1, can: 0, unknown: 1, cannot: 0 },
      loadBalancers: [],
      notes: ["n"],
    });
    const [found] = (JSON.parse(renderJson(report(unclear))) as { loadBalancers: Record<string, unknown>[] }).loadBalancers;
    assert.deepEqual([found?.verdict, found?.exposure, found?.fix], ["unknown", null, null]);
  });
});
