import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { exposureOf } from "../../src/plan/exposure.ts";
import { backend, targetGroup } from "../support/services.ts";
import { BACKENDS, type Case, exposure, NODES, OFF, ON, UNKNOWN } from "./exposure-cases.ts";

const LOCAL = { externalTrafficPolicy: "Local" } as const;
const IP = { targetType: "ip" } as const;
const selector = (labels: Record<string, string | undefined>) => ({ nodeSelector: new Map(Object.entries(labels)) });

type Row = readonly [rule: string, expected: number | undefined, given: Case];

/** One line per row of the formula: target type, traffic policy, cross-zone, preservation. */
const TABLE: readonly Row[] = [
  ["any, preserve off: nothing hairpins", 0, { group: { preserveClientIp: OFF } }],
  ["ip, preserve off: nothing hairpins", 0, { group: { ...IP, preserveClientIp: OFF } }],
  ["instance, Cluster, cross-zone off: one in the nodes of the zone, on the own zone's address", 1 / 2, {}],
  ["instance, Cluster, cross-zone off: the only node of its zone loses every connection", 1, { self: "n3", frontendZone: "b" }],
  ["instance, Cluster, cross-zone off: never on another zone's address", 0, { frontendZone: "b" }],
  [
    "instance, Cluster, cross-zone on: one in all nodes, on every address",
    1 / 3,
    { group: { crossZone: ON }, frontendZone: "b" },
  ],
  ["instance, Cluster: a node without a backend is a target all the same", 1 / 2, { backends: [backend("n3", "b")] }],
  ["instance, Local, cross-zone off: one in the zone's nodes with a ready backend", 1 / 2, { group: LOCAL }],
  ["instance, Local, cross-zone off: never on another zone's address", 0, { group: LOCAL, frontendZone: "b" }],
  [
    "instance, Local: a node's share is one, however many backends it has",
    1,
    { group: LOCAL, backends: [backend("n1", "a"), backend("n1", "a"), backend("n3", "b")] },
  ],
  [
    "instance, Local: a node without a ready backend is no target",
    0,
    { group: LOCAL, backends: [backend("n2", "a"), backend("n1", "a", false)] },
  ],
  [
    "instance, Local, cross-zone on: one in all nodes with a backend",
    1 / 3,
    { group: { ...LOCAL, crossZone: ON }, frontendZone: "b" },
  ],
  ["ip, cross-zone off: the node's share of the zone's ready pods", 2 / 3, { group: IP }],
  ["ip, cross-zone off: never on another zone's address", 0, { group: IP, frontendZone: "b" }],
  ["ip, cross-zone on: the node's share of all ready pods", 2 / 4, { group: { ...IP, crossZone: ON }, frontendZone: "b" }],
  ["ip: the traffic policy does not matter", 2 / 3, { group: { ...IP, ...LOCAL } }],
  [
    "instance, Cluster: without a ready backend nothing answers, and nothing hairpins",
    0,
    { backends: [backend("n1", "a", false)] },
  ],
  ["instance, Cluster: backends that are not known may be ready", 1 / 2, { backends: undefined }],
  ["instance, Local: backends that are not known: unknown", undefined, { group: LOCAL, backends: undefined }],
  ["ip: backends that are not known: unknown", undefined, { group: IP, backends: undefined }],
  ["ip: a node without a pod loses nothing", 0, { group: IP, backends: [backend("n2", "a")] }],
];

/** What else makes a difference, and when. */
const MODIFIERS: readonly Row[] = [
  ["an address that kube-proxy answers itself never reaches the NLB", 0, { shortcuts: ["10.0.32.5"] }],
  ["an address of the other family is translated, and its targets see the NLB", 0, { address: "fd00:1::5" }],
  ["targets of IPv6 see IPv6 clients", 1 / 2, { address: "fd00:1::5", group: { ipFamily: 6 } }],
  ["a target group with a quarter of the weight gets a quarter of the connections", 1 / 8, { group: { weight: 1 / 4 } }],
  ["a target group without weight gets none", 0, { group: { weight: 0, preserveClientIp: UNKNOWN } }],
  ["weights that are not known: unknown", undefined, { group: { weight: undefined } }],
  ["weights that are not known, and no target here: none", 0, { group: { ...IP, weight: undefined }, backends: [] }],
  ["stickiness: a client loses all or nothing, unknown which", undefined, { group: { stickiness: true } }],
  ["stickiness with one target only: all", 1, { group: { stickiness: true }, self: "n3", frontendZone: "b" }],
  ["targets of other clusters: an upper bound is no expectation", undefined, { group: { multiCluster: true } }],
  ["targets of other clusters, and none here: none", 0, { group: { ...IP, multiCluster: true }, backends: [] }],
  [
    "a node that is kept out of load balancers is no target, and makes the others' share larger",
    1,
    {
      nodes: [
        { node: "n1", zone: "a" },
        { node: "n2", zone: "a", excluded: true },
      ],
    },
  ],
  [
    "the node that is kept out loses nothing",
    0,
    {
      nodes: [
        { node: "n1", zone: "a", excluded: true },
        { node: "n2", zone: "a" },
      ],
    },
  ],
  ["a selector by host name pins the target", 1, { group: selector({ "kubernetes.io/hostname": "n1" }) }],
  ["a selector by host name of another node", 0, { group: selector({ "kubernetes.io/hostname": "n2" }) }],
  ["a selector by zone", 0, { group: { ...selector({ "topology.kubernetes.io/zone": "b" }), crossZone: ON } }],
  ["a selector by a label that is not known: unknown", undefined, { group: selector({ role: "ingress" }) }],
  [
    "a selector by a label where labels are known, whatever its value",
    1,
    {
      group: selector({ role: undefined }),
      nodes: [
        { node: "n1", zone: "a", labels: new Map([["role", "ingress"]]) },
        { node: "n2", zone: "a", labels: new Map() },
      ],
    },
  ],
  [
    "a selector by a label whose value is to be empty",
    0,
    {
      group: selector({ role: "" }),
      nodes: [
        { node: "n1", zone: "a", labels: new Map([["role", "ingress"]]) },
        { node: "n2", zone: "a", labels: new Map([["role", ""]]) },
      ],
    },
  ],
  ["a selector that is not known", undefined, { group: { nodeSelector: undefined } }],
  ["a selector does not concern pods", 2 / 3, { group: { ...IP, ...selector({ role: "ingress" }) } }],
  [
    "cross-zone on: nodes in a zone that the NLB is not in are never used",
    1 / 2,
    { group: { crossZone: ON }, enabledZones: new Set(["a"]) },
  ],
  [
    "cross-zone on: a client in such a zone loses nothing",
    0,
    { group: { crossZone: ON }, self: "n3", enabledZones: new Set(["a"]) },
  ],
];

const NOT_KNOWN: readonly Row[] = [
  [
    "a target's zone, on another zone's address: none of them is this node",
    0,
    { nodes: [...NODES, { node: "n4", zone: undefined }], frontendZone: "b" },
  ],
  ["preservation", undefined, { group: { preserveClientIp: UNKNOWN } }],
  ["preservation, and no target here: none", 0, { group: { ...IP, preserveClientIp: UNKNOWN }, backends: [] }],
  ["target type", undefined, { group: { targetType: undefined } }],
  ["cross-zone", undefined, { group: { crossZone: UNKNOWN } }],
  ["zone of the frontend: never taken to be the same", undefined, { frontendZone: undefined }],
  ["own zone: never taken to be the same", undefined, { selfZone: undefined }],
  ["nodes", undefined, { nodes: [] }],
  ["own node is not among the nodes: the list is incomplete", undefined, { self: "n9", selfZone: "a" }],
  ["a target's zone: it may be one to choose from", undefined, { nodes: [...NODES, { node: "n4", zone: undefined }] }],
];

const check = ([rule, expected, given]: Row) => test(rule, () => assert.equal(exposure(given), expected));

describe("the formula, row by row", () => TABLE.forEach(check));
describe("what else makes a difference", () => MODIFIERS.forEach(check));
describe("what is not known makes the exposure unknown, never 0", () => NOT_KNOWN.forEach(check));

test("a frontend without an address has the exposure of its zone", () => {
  const input = {
    service: { shortcuts: [] },
    targetGroup: targetGroup(),
    address: undefined,
    frontendZone: "a",
    enabledZones: undefined,
    self: { node: "n1", zone: "a" },
    backends: BACKENDS,
    nodes: NODES,
  };
  assert.equal(exposureOf(input), 1 / 2);
});
