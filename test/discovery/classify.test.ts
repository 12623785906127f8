import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { defaultTargetGroup } from "../../src/domain/target-group.ts";
import { classify, nlb, skip } from "./support/classify.ts";
import { CCM, lbcService, NLB_HOSTNAME, PRESERVE_OFF, service, TCP_80 } from "./support/objects.ts";

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

it("what its controller refuses is probed, and nothing is known of its targets", () => {
  const annotations = { "target-group-attributes": PRESERVE_OFF, "nlb-target-type": "ip", "proxy-protocol": "true" };
  const group = nlb(lbcService({ annotations })).listeners[0]?.targetGroup;
  assert.deepEqual(
    [group?.targetType, group?.preserveClientIp.enabled, group?.crossZone.enabled],
    [undefined, undefined, undefined],
  );
});

it("a Service that is being deleted is not probed, though its NLB is still there", () => {
  const object = lbcService();
  assert.equal(skip({ ...object, metadata: { ...object.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" } }), "not_nlb");
});

it("a Service whose NLB is protected from deletion is probed, and nothing is known of its targets", () => {
  const object = lbcService({ annotations: { attributes: "deletion_protection.enabled=true", "nlb-target-type": "ip" } });
  const found = nlb({ ...object, metadata: { ...object.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" } });
  assert.equal(found.listeners[0]?.targetGroup.targetType, undefined);
});

it("a TCP port that another port's listener leaves none is not probed", () => {
  const ports = [{ name: "u", port: 80, protocol: "UDP" }, TCP_80];
  assert.equal(skip(lbcService({ ports })), "no_tcp_port");
  assert.equal(nlb(lbcService({ ports: ports.toReversed() })).listeners.length, 1);
});

it("an annotation that is only read for what a controller refuses may be long", () => {
  const tags = Array.from({ length: 500 }, (_, i) => `tag-${i}=value`).join(",");
  assert.equal(nlb(lbcService({ annotations: { "additional-resource-tags": tags } })).listeners.length, 1);
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
