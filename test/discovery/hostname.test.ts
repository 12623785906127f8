import assert from "node:assert/strict";
import { it } from "node:test";
import { isDnsName, shapeOf, zonalName } from "../../src/discovery/rules/hostname.ts";

const NLB = "k8s-shop-web-0123456789-0123456789abcdef.elb.eu-west-1.amazonaws.com";

const shapes = [
  [NLB, "nlb"],
  ["web-0123456789abcdef.elb.cn-north-1.amazonaws.com.cn", "nlb"],
  ["WEB-0123456789ABCDEF.elb.eu-west-1.amazonaws.com", "nlb"],
  ["internal-web-1234567890.eu-west-1.elb.amazonaws.com", "not_nlb"],
  ["web-1234567890.cn-north-1.elb.amazonaws.com.cn", "not_nlb"],
  ["nlb.example.com", "other"],
  [`evil.example.com.${NLB}`, "other"],
  [`${NLB}.example.com`, "other"],
] as const;
for (const [hostname, shape] of shapes) it(`${hostname} is ${shape}`, () => assert.equal(shapeOf(hostname), shape));

it("only NLBs have zonal names", () => {
  assert.equal(zonalName("eu-west-1a", NLB), `eu-west-1a.${NLB}`);
  assert.equal(zonalName("eu-west-1a", "nlb.example.com"), undefined);
});

it("a zone that makes no name is not asked for", () => {
  assert.equal(zonalName("not a zone", NLB), undefined);
  assert.equal(zonalName("", NLB), undefined);
  assert.equal(zonalName("x".repeat(250), NLB), undefined);
});

it("names that DNS cannot be asked for are told apart", () => {
  for (const name of [NLB, "a", "a_b.c-d.e"]) assert.ok(isDnsName(name), name);
  for (const name of ["", ".", "a..b", "a.", "-a", "a b", "a\n", "x".repeat(64), `${"a.".repeat(130)}a`])
    assert.ok(!isDnsName(name), name);
});
