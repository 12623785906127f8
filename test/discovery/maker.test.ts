import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseService } from "../../src/discovery/objects/service-object.ts";
import { loadBalancerOf } from "../../src/discovery/rules/load-balancer.ts";
import { DEFAULT_CONTEXT } from "../../src/domain/controller-context.ts";
import type { LoadBalancer } from "../../src/domain/load-balancer.ts";
import { classifiedCluster } from "./support/cluster.ts";
import { binding } from "./support/gateway-objects.ts";
import { describeLoadBalancer } from "./support/nlb-case.ts";
import { AUTO, CCM, CCM_HOSTNAME, type GivenService, LBC_CLASS, NLB_HOSTNAME, PRESERVE_OFF, service } from "./support/objects.ts";

const UID = "2adbd8ed-dbef-4c23-ae9e-a066f1fb0b4c";
const OF_UID = "a2adbd8eddbef4c23ae9ea066f1fb0b4-3974f5a0c0f5038d.elb.eu-central-1.amazonaws.com";
const OWN_NAME = "ingress-0123456789abcdef.elb.eu-west-1.amazonaws.com";
const OF_CCM = "service.kubernetes.io/load-balancer-cleanup";
const OF_LBC = "service.k8s.aws/resources";
const OF_AUTO = "service.eks.amazonaws.com/resources";
const EXTERNAL = {
  type: "external",
  "nlb-target-type": "instance",
  scheme: "internal",
  "target-group-attributes": PRESERVE_OFF,
};

const of = (given: GivenService): LoadBalancer => loadBalancerOf(parseService(service(given)), { context: DEFAULT_CONTEXT });

describe("an NLB that somebody else made than whoever the annotations are for is not known, and the edit is said not to reach it", () => {
  const cases: readonly (readonly [name: string, given: GivenService, expected: string, evidence: RegExp])[] = [
    [
      "named after the Service's uid by the cloud provider, edited to be the controller's",
      { annotations: EXTERNAL, uid: UID, hostname: OF_UID, finalizers: [OF_CCM] },
      "ccm, scheme unknown, instance, 80 unknown, cross-zone unknown: unknown",
      /made by the cloud provider, as its name \(a2adbd8e.*…\), made of the Service's uid, says.*AWS Load Balancer Controller/,
    ],
    [
      "named as the cloud provider does, where nothing else tells",
      { annotations: EXTERNAL, hostname: OF_UID },
      "ccm, scheme unknown, instance, 80 unknown, cross-zone unknown: unknown",
      /as its name/,
    ],
    [
      "of a name of its own, with the cloud provider's finalizer alone",
      { annotations: EXTERNAL, hostname: OWN_NAME, finalizers: [OF_CCM, "example.com/x"] },
      "ccm, scheme unknown, instance, 80 unknown, cross-zone unknown: unknown",
      /as its finalizer service\.kubernetes\.io\/load-balancer-cleanup says/,
    ],
    [
      "edited to be nlb-ip",
      { annotations: { type: "nlb-ip", internal: "true" }, hostname: OF_UID },
      "ccm, scheme unknown, instance, 80 unknown, cross-zone unknown: unknown",
      /those of the AWS Load Balancer Controller/,
    ],
    [
      "named by the controller, edited to be the cloud provider's",
      { annotations: { ...CCM, "target-group-attributes": PRESERVE_OFF }, hostname: NLB_HOSTNAME, finalizers: [OF_LBC] },
      "lbc, scheme unknown, target type unknown, 80 unknown, cross-zone unknown: unknown",
      /made by the AWS Load Balancer Controller, as its name.*those of the cloud provider: the edit does not reach it/,
    ],
    [
      "of a name of its own, with the controller's finalizer beside the other's",
      { annotations: CCM, hostname: OWN_NAME, finalizers: [OF_CCM, OF_LBC] },
      "lbc, scheme unknown, target type unknown, 80 unknown, cross-zone unknown: unknown",
      /as its finalizer service\.k8s\.aws\/resources says/,
    ],
    [
      "with EKS Auto Mode's finalizer and the controller's class",
      { spec: { loadBalancerClass: "service.k8s.aws/nlb" }, hostname: OWN_NAME, finalizers: [OF_AUTO] },
      "eks-auto, scheme unknown, target type unknown, 80 unknown, cross-zone unknown: unknown",
      /made by EKS Auto Mode/,
    ],
    [
      "with no annotation left",
      { hostname: OF_UID, finalizers: [OF_CCM] },
      "ccm, scheme unknown, instance, 80 unknown, cross-zone unknown: unknown",
      /no longer those of an NLB/,
    ],
    [
      "of UDP, which preserves whoever made it",
      { annotations: EXTERNAL, hostname: OF_UID, ports: [{ name: "dns", port: 53, protocol: "UDP", nodePort: 30_053 }] },
      "ccm, scheme unknown, instance, 53 on (forced), cross-zone unknown: unknown",
      /does not reach it/,
    ],
  ];
  for (const [name, given, expected, evidence] of cases) {
    it(name, () => {
      const found = of(given);
      assert.equal(describeLoadBalancer(found), expected);
      assert.match(found.doubts[0] ?? "", evidence);
      assert.equal(found.doubts.length, 1, "nothing is said that the annotations alone would leave open");
    });
  }

  it("by a TargetGroupBinding that the controller made, whose target type is then the true one", () => {
    const [found] = classifiedCluster({
      services: [service({ annotations: CCM, hostname: OWN_NAME })],
      bindings: [binding({ spec: { targetType: "ip" } })],
    });
    assert.ok(found?.classification.kind === "nlb");
    const { controller, listeners } = found.classification.service;
    assert.deepEqual([controller, listeners[0]?.targetGroup.targetType], ["lbc", "ip"]);
    assert.equal(listeners[0]?.targetGroup.preserveClientIp.enabled, undefined);
  });
});

describe("traces that fit the annotations, or tell nothing, change nothing", () => {
  const cases: readonly (readonly [name: string, given: GivenService, controller: string])[] = [
    ["the cloud provider's own", { annotations: CCM, hostname: CCM_HOSTNAME, finalizers: [OF_CCM] }, "ccm"],
    [
      "the controller's, beside the finalizer that every Service without class gets",
      { annotations: EXTERNAL, finalizers: [OF_CCM, OF_LBC] },
      "lbc",
    ],
    ["the controller's, by class", { spec: { loadBalancerClass: LBC_CLASS }, finalizers: [OF_LBC] }, "lbc"],
    ["EKS Auto Mode's", { ...AUTO, finalizers: [OF_AUTO] }, "eks-auto"],
    ["EKS Auto Mode's, of which only the name is left", AUTO, "eks-auto"],
    ["a name of its own and no finalizer", { annotations: CCM, hostname: OWN_NAME }, "ccm"],
    [
      "a name like the controller's for another Service",
      { annotations: CCM, hostname: NLB_HOSTNAME.replace("-web-", "-api-") },
      "ccm",
    ],
    ["no NLB yet", { annotations: EXTERNAL, hostname: null, finalizers: [OF_CCM] }, "lbc"],
  ];
  for (const [name, given, controller] of cases) {
    it(name, () => {
      const found = of(given);
      assert.equal(found.controller, controller);
      assert.doesNotMatch(found.doubts.join(), /does not reach/);
    });
  }
});
