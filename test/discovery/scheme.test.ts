import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { classify, nlb, skip } from "./support/classify.ts";
import { AUTO, lbcService, service } from "./support/objects.ts";

describe("whether the NLB is internal", () => {
  const lbc: readonly (readonly [Record<string, string>, boolean])[] = [
    [{}, true],
    [{ scheme: "internal" }, true],
    [{ scheme: "internet-facing" }, false],
    [{ scheme: "internal", internal: "false" }, true],
    [{ scheme: "internet-facing", internal: "true" }, false],
    [{ internal: "true" }, true],
    [{ internal: "T" }, true],
    [{ internal: "false" }, false],
    [{ internal: "0" }, false],
    // Refused by the controller, which leaves the NLB as it is: the addresses must tell.
    [{ internal: "0.0.0.0/0" }, true],
    [{ scheme: "Internal" }, true],
  ];
  for (const [annotations, internal] of lbc) {
    it(`the controller reads ${JSON.stringify(annotations)} as ${internal ? "internal, or open" : "internet-facing"}`, () => {
      assert.equal(classify(lbcService({ annotations })).kind, internal ? "nlb" : "skipped");
      if (!internal) assert.equal(skip(lbcService({ annotations })), "not_internal");
    });
  }

  const ccm: readonly (readonly [Record<string, string>, boolean])[] = [
    [{}, false],
    [{ scheme: "internal" }, false],
    [{ internal: "true" }, true],
    [{ internal: "0.0.0.0/0" }, true],
    [{ internal: "False" }, true],
    [{ internal: "false" }, false],
    [{ internal: "" }, false],
  ];
  for (const [annotations, internal] of ccm) {
    it(`the cloud provider reads ${JSON.stringify(annotations)} as ${internal ? "internal" : "internet-facing"}`, () => {
      const object = service({ annotations: { type: "nlb", ...annotations } });
      if (internal) nlb(object);
      else assert.equal(skip(object), "not_internal");
    });
  }

  it("Auto Mode knows the scheme only, and is internal without", () => {
    nlb(service({ ...AUTO, annotations: { internal: "false" } }));
    assert.equal(skip(service({ ...AUTO, annotations: { scheme: "internet-facing" } })), "not_internal");
  });
});
