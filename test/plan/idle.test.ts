import assert from "node:assert/strict";
import { test } from "node:test";
import type { IdleReason } from "../../src/domain/exposure.ts";
import type { Backend } from "../../src/domain/service.ts";
import type { NodePlacement } from "../../src/domain/snapshot.ts";
import type { TargetGroup } from "../../src/domain/target-group.ts";
import { whyIdle } from "../../src/plan/idle.ts";
import { backend, targetGroup } from "../support/services.ts";
import { OFF, ON } from "./exposure-cases.ts";

const LABELLED = { nodeSelector: new Map([["pool", "edge"]]) };
const NOT_PRESERVING = { weight: 1, port: 80, targetGroup: targetGroup({ preserveClientIp: OFF }), hasSameBackends: false };
const node = (name: string, pool: string): NodePlacement => ({ node: name, zone: "a", labels: new Map([["pool", pool]]) });
const NODES = [node("n1", "batch"), node("n2", "edge")];
const READY = [backend("n1", "a")];

type Row = readonly [
  rule: string,
  IdleReason | undefined,
  Partial<TargetGroup>,
  (readonly NodePlacement[])?,
  (readonly Backend[])?,
];

const ROWS: readonly Row[] = [
  ["nothing stands in the way", undefined, {}],
  ["no backend is ready", "no_ready_backend", {}, NODES, [backend("n1", "a", false)]],
  ["no node has the labels", "no_node_registered", LABELLED, [node("n1", "batch")]],
  ["no node has the labels, and it does not matter to pods", undefined, { ...LABELLED, targetType: "ip" }, [node("n1", "batch")]],
  ["all nodes are kept out", "no_node_registered", {}, NODES.map((one) => ({ ...one, excluded: true }))],
  ["a node has the labels", undefined, LABELLED],
  ["with Local, no backend is on such a node", "no_backend_on_target", { ...LABELLED, externalTrafficPolicy: "Local" }],
  ["with Local, labels are not known", undefined, { ...LABELLED, externalTrafficPolicy: "Local" }, [{ node: "n1", zone: "a" }]],
  ["no connection goes to what preserves", "no_weight", { weight: 0, siblings: [NOT_PRESERVING] }],
  ["connections go to what preserves, too", undefined, { weight: 0.5, siblings: [NOT_PRESERVING] }],
];

for (const [rule, expected, group, nodes = NODES, backends = READY] of ROWS) {
  test(`why nothing hairpins: ${rule}`, () => {
    assert.equal(whyIdle(targetGroup({ preserveClientIp: ON, ...group }), nodes, backends), expected);
  });
}
