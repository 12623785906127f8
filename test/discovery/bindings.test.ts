import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Classified } from "../../src/discovery/cluster.ts";
import { ClusterClassifier } from "../../src/discovery/cluster.ts";
import { parseService } from "../../src/discovery/objects/service-object.ts";
import { parseBinding } from "../../src/discovery/objects/target-group-binding.ts";
import { DEFAULT_CONTEXT } from "../../src/domain/controller-context.ts";
import type { TargetGroup } from "../../src/domain/target-group.ts";
import { classifiedCluster, worldOf } from "./support/cluster.ts";
import { binding } from "./support/gateway-objects.ts";
import { lbcService, PRESERVE_OFF, service, TCP_80 } from "./support/objects.ts";

function targetGroupOf(found: readonly Classified[]): TargetGroup | undefined {
  const [first] = found;
  return first?.classification.kind === "nlb" ? first.classification.service.listeners[0]?.targetGroup : undefined;
}
const groupWith = (...bindings: readonly unknown[]) =>
  targetGroupOf(classifiedCluster({ services: [lbcService({ ports: [TCP_80] })], bindings }));

describe("a TargetGroupBinding that the controller made for the Service", () => {
  it("tells the target type that there is, whatever the annotations and defaults say", () => {
    const found = groupWith(binding({ spec: { targetType: "ip" } }));
    assert.deepEqual([found?.targetType, found?.preserveClientIp], ["ip", { enabled: false, origin: "default" }]);
  });

  it("tells the selector of nodes; one that labels cannot say is not known", () => {
    const selector = (nodeSelector: unknown) => groupWith(binding({ spec: { nodeSelector } }))?.nodeSelector;
    assert.deepEqual(selector({ matchLabels: { pool: "edge" } }), new Map([["pool", "edge"]]));
    assert.deepEqual(selector({ matchExpressions: [{ key: "pool", operator: "Exists" }] }), new Map([["pool", undefined]]));
    assert.deepEqual(
      selector({ matchExpressions: [{ key: "pool", operator: "In", values: ["edge"] }] }),
      new Map([["pool", "edge"]]),
    );
    assert.equal(selector({ matchExpressions: [{ key: "pool", operator: "NotIn", values: ["gpu"] }] }), undefined);
    const nothing = { matchLabels: { pool: "gpu" }, matchExpressions: [{ key: "pool", operator: "In", values: ["edge"] }] };
    assert.equal(selector(nothing), undefined);
    assert.deepEqual(selector(undefined), new Map());
  });

  it("tells the family of the targets, and that other clusters register some, too", () => {
    const found = groupWith(binding({ spec: { ipAddressType: "ipv6", multiClusterTargetGroup: true } }));
    assert.deepEqual([found?.ipFamily, found?.multiCluster], [6, true]);
  });

  it("tells what there is of a Service that its controller refuses", () => {
    const annotations = { "proxy-protocol": "true", "nlb-target-type": "instance" };
    const bound = binding({ spec: { targetType: "ip", ipAddressType: "ipv4" } });
    const group = targetGroupOf(classifiedCluster({ services: [lbcService({ annotations })], bindings: [bound] }));
    assert.deepEqual([group?.targetType, group?.ipFamily, group?.preserveClientIp.enabled], ["ip", 4, undefined]);
    const alone = targetGroupOf(classifiedCluster({ services: [lbcService({ annotations })] }));
    assert.deepEqual([alone?.targetType, alone?.ipFamily], [undefined, undefined]);
  });

  it("tells whether the target group is one that always preserves", () => {
    assert.equal(
      groupWith(binding({ spec: { targetType: "ip", targetGroupProtocol: "TCP_UDP" } }))?.preserveClientIp.origin,
      "forced",
    );
    assert.equal(groupWith(binding({ spec: { targetType: "ip", targetGroupProtocol: "TCP" } }))?.preserveClientIp.enabled, false);
  });

  it("may name the port by number or by name", () => {
    for (const port of [80, "http"]) assert.equal(groupWith(binding({ port, spec: { targetType: "ip" } }))?.targetType, "ip");
    assert.equal(groupWith(binding({ port: 81, spec: { targetType: "ip" } }))?.targetType, "instance");
  });

  it("tells nothing where several bind one port, or it was made for somebody else", () => {
    const ip = { targetType: "ip" };
    assert.equal(groupWith(binding({ spec: ip }), binding({ name: "second" }))?.targetType, "instance");
    for (const labels of [
      { "ingress.k8s.aws/stack": "shop-ingress" },
      { "gateway.k8s.aws/stack-name": "edge", "gateway.k8s.aws/stack-namespace": "shop" },
      { "service.k8s.aws/stack-name": "other", "service.k8s.aws/stack-namespace": "shop" },
      { "service.k8s.aws/stack-name": "web", "service.k8s.aws/stack-namespace": "elsewhere" },
    ]) {
      assert.equal(groupWith(binding({ labels, spec: ip }))?.targetType, "instance", JSON.stringify(labels));
    }
  });
});

describe("a TargetGroupBinding made by hand", () => {
  const foreign = binding({ name: "mine", labels: {} });
  const reasons = (...services: readonly unknown[]) =>
    classifiedCluster({ services, bindings: [foreign] }).map(({ name, classification }) =>
      classification.kind === "nlb" ? `${name} nlb` : `${name} ${classification.reason}: ${classification.detail}`,
    );

  it("makes a Service of any type one that stands behind an NLB which Kubernetes does not know", () => {
    for (const type of ["ClusterIP", "NodePort", "LoadBalancer"]) {
      const [reason] = reasons(service({ hostname: null, spec: { type } }));
      assert.match(reason ?? "", /^web foreign_nlb: TargetGroupBinding mine .* frontends file\.$/, type);
    }
  });

  it("does not take the place of an NLB of the Service's own", () => {
    assert.deepEqual(reasons(lbcService()), ["web nlb"]);
    assert.match(reasons(lbcService({ hostname: null }))[0] ?? "", /^web pending/);
  });
});

it("Services that have nothing to do with load balancers are not counted", () => {
  assert.deepEqual(classifiedCluster({ services: [service({ hostname: null, spec: { type: "ClusterIP" } })] }), []);
});

it("an annotated NodePort or ClusterIP Service has an NLB whose name its status cannot have", () => {
  for (const type of ["NodePort", "ClusterIP"]) {
    const annotations = { type: "external", "nlb-target-type": "ip" };
    const [found] = classifiedCluster({ services: [service({ annotations, hostname: null, spec: { type } })] });
    assert.ok(found?.classification.kind === "skipped");
    assert.equal(found.classification.reason, "pending");
    assert.match(found.classification.detail, /frontends file/);
  }
});

it("a Service is classified anew when one that it forwards to changes", () => {
  const classifier = new ClusterClassifier(DEFAULT_CONTEXT, "/");
  const forward = { type: "forward", forwardConfig: { targetGroups: [{ serviceName: "canary", servicePort: 80 }] } };
  const web = parseService(lbcService({ annotations: { "service.beta.kubernetes.io/actions.TCP-80": JSON.stringify(forward) } }));
  const canary = parseService(service({ name: "canary", hostname: null, spec: { type: "NodePort" } }));
  const classify = (...services: readonly (typeof web)[]) =>
    classifier.classify({ ...worldOf({}), bindings: [], services: new Map(services.map((one) => [`shop/${one.name}`, one])) })[0];
  const known = (found: ReturnType<typeof classify>) => found && targetGroupOf([found])?.targetType;
  assert.equal(known(classify(web, canary)), "instance");
  assert.equal(known(classify(web)), undefined);
  assert.equal(known(classify(web, canary)), "instance");
});

it("a Service is classified anew only when it or its bindings change", () => {
  const classifier = new ClusterClassifier(DEFAULT_CONTEXT, "/");
  const world = worldOf({});
  const [web, api] = [lbcService(), lbcService({ name: "api" })].map(parseService);
  assert.ok(web && api);
  const bound = parseBinding(binding({ spec: { targetType: "ip" } }));
  const classify = (services: readonly (typeof web)[], bindings: readonly (typeof bound)[] = []) =>
    classifier.classify({ ...world, services: new Map(services.map((one) => [`shop/${one.name}`, one])), bindings });
  const [before, beforeApi] = classify([web, api]);
  const [same, sameApi] = classify([web, api]);
  assert.ok(same === before && sameApi === beforeApi);
  const [withBinding, apiStill] = classify([web, api], [bound]);
  assert.ok(withBinding !== before && apiStill === beforeApi);
  const fixed = parseService(lbcService({ annotations: { "target-group-attributes": PRESERVE_OFF } }));
  const [changed] = classify([fixed, api]);
  assert.equal(targetGroupOf(changed === undefined ? [] : [changed])?.preserveClientIp.enabled, false);
});
