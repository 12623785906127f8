import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseNode } from "../../src/discovery/objects/node-object.ts";
import { ObjectError } from "../../src/discovery/objects/schema.ts";

const node = (labels: Readonly<Record<string, string>> = {}, rest: object = {}) => ({
  metadata: { name: "n1", labels },
  ...rest,
});
const ready = (status: string) => ({ status: { conditions: [{ type: "Ready", status }] } });

describe("a Node", () => {
  it("has its zone and its labels", () => {
    const { node: name, zone, labels } = parseNode(node({ "topology.kubernetes.io/zone": "a", pool: "edge" }));
    assert.deepEqual([name, zone, labels?.get("pool")], ["n1", "a", "edge"]);
    assert.equal(parseNode(node()).zone, undefined);
  });

  for (const [what, object, excluded] of [
    ["by default is a target", node(), false],
    ["with the label to exclude it is none", node({ "node.kubernetes.io/exclude-from-external-load-balancers": "" }), true],
    ["of the control plane (master) is none", node({ "node-role.kubernetes.io/master": "" }), true],
    [
      "of the control plane (control-plane) is one: controllers do not know that label",
      node({ "node-role.kubernetes.io/control-plane": "" }),
      false,
    ],
    ["on Fargate is none", node({ "eks.amazonaws.com/compute-type": "fargate" }), true],
    ["of EKS Auto Mode is one", node({ "eks.amazonaws.com/compute-type": "auto" }), false],
    [
      "that the autoscaler is about to delete is none",
      node({}, { spec: { taints: [{ key: "ToBeDeletedByClusterAutoscaler", effect: "NoSchedule" }] } }),
      true,
    ],
    [
      "that Karpenter is about to replace is none",
      node({}, { spec: { taints: [{ key: "karpenter.sh/disrupted", effect: "NoSchedule" }] } }),
      true,
    ],
    [
      "with any other taint is one",
      node({}, { spec: { taints: [{ key: "dedicated", value: "x", effect: "NoSchedule" }] } }),
      false,
    ],
    ["that is not ready is none", node({}, ready("False")), true],
    ["that is ready is one", node({}, ready("True")), false],
  ] as const) {
    it(what, () => assert.equal(parseNode(object).excluded, excluded));
  }

  it("without a name is an error that says so", () => {
    assert.throws(
      () => parseNode({ metadata: {} }),
      (error) => error instanceof ObjectError && error.message.includes("metadata.name"),
    );
  });
});
