import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { nlb, skip } from "./support/classify.ts";
import { AUTO, CCM, type GivenService, lbcService, service } from "./support/objects.ts";

describe("who makes the NLB", () => {
  const handlers: readonly (readonly [string, GivenService, string])[] = [
    ["the controller's class", { spec: { loadBalancerClass: "service.k8s.aws/nlb" } }, "lbc"],
    ["the controller's class over an annotation", { ...lbcService(), annotations: { type: "nlb" } }, "lbc"],
    ["the class of EKS Auto Mode", AUTO, "eks-auto"],
    ["type nlb-ip", { annotations: { type: "nlb-ip" } }, "lbc"],
    ["type external with target type ip", { annotations: { type: "external", "nlb-target-type": "ip" } }, "lbc"],
    ["type external with target type instance", { annotations: { type: "external", "nlb-target-type": "instance" } }, "lbc"],
    ["type nlb", { annotations: CCM }, "ccm"],
    ["nobody known, but the name of an NLB", { spec: { loadBalancerClass: "example.com/lb" } }, "unknown"],
  ];
  for (const [name, given, controller] of handlers) {
    it(`is told by ${name}: ${controller}`, () => {
      assert.equal(nlb(service(given)).controller, controller);
    });
  }

  const others: readonly (readonly [string, GivenService])[] = [
    ["a class of someone else", { spec: { loadBalancerClass: "tailscale" } }],
    ["type external without target type", { annotations: { type: "external" } }],
    ["type NLB in capitals: the comparison is exact", { annotations: { type: "NLB" } }],
    ["nothing at all: a Classic Load Balancer", {}],
    ["type ExternalName", { spec: { type: "ExternalName", loadBalancerClass: "service.k8s.aws/nlb" } }],
  ];
  for (const [name, given] of others) {
    it(`is nobody with ${name}`, () => {
      assert.equal(skip(service({ ...given, hostname: null })), "not_nlb");
    });
  }
});
