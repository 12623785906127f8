import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseService } from "../../src/discovery/objects/service-object.ts";
import { loadBalancerOf } from "../../src/discovery/rules/load-balancer.ts";
import { CCM, lbcService, service } from "./support/objects.ts";

/** The labels that nodes must have, and whether they are refused. */
function selected(make: typeof service, annotations: Readonly<Record<string, string>>): unknown {
  const { ports, refusals } = loadBalancerOf(parseService(make({ annotations })));
  return refusals.length > 0 ? "refused" : Object.fromEntries(ports[0]?.targetGroup.nodeSelector ?? []);
}

type Row = readonly [text: string, lbc: unknown, ccm: unknown];

/** What `target-node-labels` means to each of the two; `undefined`: any value. */
const ROWS: readonly Row[] = [
  ["a=b,c=d", { a: "b", c: "d" }, { a: "b", c: "d" }],
  ["a=", { a: "" }, { a: undefined }],
  ["a", "refused", { a: undefined }],
  ["a=b,", { a: "b," }, { a: "b" }],
  ["a=b=c", { a: "b=c" }, { a: "b" }],
  ["a = b", { a: "b" }, { "a ": " b" }],
  ["=b", "refused", {}],
  ["", {}, {}],
  [" ", "refused", {}],
];

describe("labels of nodes", () => {
  for (const [text, lbc, ccm] of ROWS) {
    it(`${JSON.stringify(text)} are what each controller reads`, () => {
      assert.deepEqual(selected(lbcService, { "target-node-labels": text }), lbc);
      assert.deepEqual(selected(service, { ...CCM, "target-node-labels": text }), ccm);
    });
  }

  it("are not read for pods", () => {
    assert.deepEqual(selected(lbcService, { "target-node-labels": "a", "nlb-target-type": "ip" }), {});
  });
});
