import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { defaultTargetGroup } from "../../src/domain/target-group.ts";
import { classify, nlb, skip } from "./support/classify.ts";
import { CCM, lbcService, NLB_HOSTNAME, service } from "./support/objects.ts";

const CLASSIC = "internal-a0123456789-1234567890.eu-west-1.elb.amazonaws.com";

describe("the name in the status outranks the annotations", () => {
  it("the name of a Classic Load Balancer is no NLB, whatever is annotated later", () => {
    assert.equal(skip(service({ annotations: CCM, hostname: CLASSIC })), "not_nlb");
  });
  it("the name of an NLB is one, even when the annotation is gone; its settings are not known then", () => {
    const found = nlb(service());
    assert.equal(found.controller, "lbc", "as its name says");
    const group = found.listeners[0]?.targetGroup;
    assert.equal(group?.targetType, undefined);
    assert.deepEqual(group?.crossZone, { enabled: undefined, origin: "unknown" });
    assert.deepEqual(group?.preserveClientIp, { enabled: undefined, origin: "unknown" });
  });
  it("no name yet is pending, not broken", () => {
    assert.equal(skip(lbcService({ hostname: null })), "pending");
  });
  it("a name that is none is refused, with its control characters escaped in the sentence", () => {
    const result = classify({ ...lbcService(), status: { loadBalancer: { ingress: [{ hostname: "a b" }] } } });
    assert.deepEqual(result, { kind: "skipped", reason: "invalid", detail: 'status: got "a b", expected a host name.' });
  });
});

it("an ordinary Service comes out whole", () => {
  assert.deepEqual(nlb(lbcService({ spec: { externalTrafficPolicy: "Local" } })), {
    namespace: "shop",
    name: "web",
    controller: "lbc",
    hostname: NLB_HOSTNAME,
    addresses: [],
    shortcuts: [],
    zonalAffinity: false,
    listeners: [
      {
        port: 80,
        name: "http",
        protocol: "http",
        path: "/",
        tlsTerminated: false,
        targetGroup: { ...defaultTargetGroup("instance"), externalTrafficPolicy: "Local" },
      },
    ],
  });
});
