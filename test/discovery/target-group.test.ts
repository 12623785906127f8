import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { TargetGroup } from "../../src/domain/target-group.ts";
import { nlb } from "./support/classify.ts";
import { AUTO, CCM, type GivenService, lbcService, service, TCP_80 } from "./support/objects.ts";

/** The target group of the first port. */
const group = (object: unknown): TargetGroup | undefined => nlb(object).listeners[0]?.targetGroup;

describe("target type", () => {
  const cases: readonly (readonly [string, unknown, string | undefined])[] = [
    ["the controller's default", lbcService(), "instance"],
    ["asked for", lbcService({ annotations: { "nlb-target-type": "ip" } }), "ip"],
    ["asked for with a word the controller ignores", lbcService({ annotations: { "nlb-target-type": "pod" } }), "instance"],
    ["type nlb-ip, also with a class", lbcService({ annotations: { type: "nlb-ip" } }), "ip"],
    ["the cloud provider's only one", service({ annotations: { ...CCM, "nlb-target-type": "ip" } }), "instance"],
    ["Auto Mode's default", service(AUTO), "ip"],
    ["asked of Auto Mode", service({ ...AUTO, annotations: { "nlb-target-type": "instance" } }), "instance"],
    [
      "instances without node ports cannot be",
      lbcService({ spec: { allocateLoadBalancerNodePorts: false }, ports: [{ port: 80 }] }),
      undefined,
    ],
  ];
  for (const [name, object, expected] of cases) it(name, () => assert.equal(group(object)?.targetType, expected));
});

describe("client IP preservation", () => {
  const attributes = (value: string, more: Record<string, string> = {}): GivenService => ({
    annotations: { "target-group-attributes": value, ...more },
  });
  const ip = { "nlb-target-type": "ip" };
  const on = { enabled: true, origin: "explicit" };
  const off = { enabled: false, origin: "explicit" };
  const unknown = { enabled: undefined, origin: "unknown" };
  const cases: readonly (readonly [string, unknown, unknown])[] = [
    ["is on for instances by default", lbcService(), { enabled: true, origin: "default" }],
    ["is off for pods by default", lbcService({ annotations: ip }), { enabled: false, origin: "default" }],
    ["can be switched off", lbcService(attributes("preserve_client_ip.enabled=false")), off],
    ["can be switched on for pods", lbcService(attributes("preserve_client_ip.enabled=true", ip)), on],
    [
      "is found among others, with spaces",
      lbcService(attributes("stickiness.enabled=true , preserve_client_ip.enabled = 0")),
      off,
    ],
    ["is not known when the controller refuses the value", lbcService(attributes("preserve_client_ip.enabled=no")), unknown],
    ["is not known when the controller refuses the notation", lbcService(attributes("preserve_client_ip.enabled")), unknown],
    [
      "can be set per port, over the general setting",
      lbcService(
        attributes("preserve_client_ip.enabled=false", { "target-group-attributes.80": "preserve_client_ip.enabled=true" }),
      ),
      on,
    ],
    [
      "of another port does not count",
      lbcService(
        attributes("preserve_client_ip.enabled=false", { "target-group-attributes.81": "preserve_client_ip.enabled=true" }),
      ),
      off,
    ],
    [
      "is not known with a cloud provider of unknown version: older ones ignore it",
      service(attributes("preserve_client_ip.enabled=false", CCM)),
      unknown,
    ],
    ["is on with any cloud provider that is asked to", service(attributes("preserve_client_ip.enabled=true", CCM)), on],
    [
      "with the cloud provider, is true or false to the letter",
      service(attributes("preserve_client_ip.enabled=0", CCM)),
      unknown,
    ],
    [
      "with the cloud provider, is lost with an attribute it does not know",
      service(attributes("preserve_client_ip.enabled=false,stickiness.enabled=true", CCM)),
      unknown,
    ],
    [
      "cannot be off on a listener for TCP and UDP",
      lbcService({
        ...attributes("preserve_client_ip.enabled=false", { ...ip, "enable-tcp-udp-listener": "true" }),
        ports: [TCP_80, { port: 80, protocol: "UDP", name: "u" }],
      }),
      { enabled: true, origin: "forced" },
    ],
  ];
  for (const [name, object, expected] of cases) {
    it(name, () => assert.deepEqual(group(object)?.preserveClientIp, expected));
  }
});

describe("cross-zone", () => {
  const lb = { attributes: "load_balancing.cross_zone.enabled=true" };
  const cases: readonly (readonly [Record<string, string>, boolean | undefined, string])[] = [
    [{}, false, "default"],
    [lb, true, "explicit"],
    [{ "cross-zone-load-balancing-enabled": "true" }, true, "explicit"],
    [{ ...lb, "cross-zone-load-balancing-enabled": "false" }, false, "explicit"],
    [{ ...lb, "target-group-attributes": "load_balancing.cross_zone.enabled=false" }, false, "explicit"],
    [{ ...lb, "target-group-attributes": "load_balancing.cross_zone.enabled=use_load_balancer_configuration" }, true, "explicit"],
    [{ attributes: "nonsense" }, undefined, "unknown"],
  ];
  for (const [annotations, enabled, origin] of cases) {
    it(`is ${enabled} (${origin}) with ${JSON.stringify(annotations)}`, () => {
      assert.deepEqual(group(lbcService({ annotations }))?.crossZone, { enabled, origin });
    });
  }
  it("is told to the cloud provider by its own annotation alone", () => {
    assert.deepEqual(group(service({ annotations: { ...CCM, ...lb } }))?.crossZone, { enabled: false, origin: "default" });
  });
});
