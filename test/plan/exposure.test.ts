import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { NlbService, Switch } from "../../src/domain/service.ts";
import type { NodePlacement } from "../../src/domain/snapshot.ts";
import { exposureOf } from "../../src/plan/exposure.ts";
import { backend, listener, nlbService } from "../support/services.ts";

const ON: Switch = { enabled: true, origin: "explicit" };
const OFF: Switch = { enabled: false, origin: "explicit" };
const UNKNOWN: Switch = { enabled: undefined, origin: "unknown" };

/** Two nodes in zone a, one in b. */
const NODES: readonly NodePlacement[] = [
  { node: "n1", zone: "a" },
  { node: "n2", zone: "a" },
  { node: "n3", zone: "b" },
];
const BACKENDS = [backend("n1", "a"), backend("n1", "a"), backend("n2", "a"), backend("n3", "b")];

interface Case {
  readonly service?: Partial<NlbService>;
  readonly preserve?: Switch;
  readonly self?: string;
  readonly selfZone?: string | undefined;
  readonly frontendZone?: string | undefined;
  readonly backends?: typeof BACKENDS;
  readonly nodes?: readonly NodePlacement[];
}

const exposure = (given: Case): number | undefined => {
  const node = given.self ?? "n1";
  return exposureOf({
    service: nlbService(given.service),
    listener: listener({ preserveClientIp: given.preserve ?? ON }),
    frontendZone: "frontendZone" in given ? given.frontendZone : "a",
    self: { node, zone: "selfZone" in given ? given.selfZone : NODES.find((placement) => placement.node === node)?.zone },
    backends: given.backends ?? BACKENDS,
    nodes: given.nodes ?? NODES,
  });
};

const ROWS: readonly (readonly [string, number | undefined, Case])[] = [
  ["without client IP preservation nothing hairpins", 0, { preserve: OFF }],
  ["instance, Cluster: one in the nodes of the zone, on the own zone's address", 1 / 2, {}],
  ["instance, Cluster: the only node of its zone loses every connection", 1, { self: "n3", frontendZone: "b" }],
  ["instance, Cluster: never on another zone's address", 0, { frontendZone: "b" }],
  ["instance, Cluster, cross-zone: one in all nodes, on every address", 1 / 3, { service: { crossZone: ON }, frontendZone: "b" }],
  ["instance, Cluster: a node without a backend is a target all the same", 1 / 2, { backends: [backend("n3", "b")] }],
  ["instance, Local: one in the zone's nodes with a ready backend", 1 / 2, { service: { externalTrafficPolicy: "Local" } }],
  [
    "instance, Local: a node's share is one, however many backends it has",
    1,
    { service: { externalTrafficPolicy: "Local" }, backends: [backend("n1", "a"), backend("n1", "a"), backend("n3", "b")] },
  ],
  [
    "instance, Local: a node without a backend is no target",
    0,
    { service: { externalTrafficPolicy: "Local" }, backends: [backend("n2", "a"), backend("n1", "a", false)] },
  ],
  [
    "instance, Local, cross-zone: one in all nodes with a backend",
    1 / 3,
    { service: { externalTrafficPolicy: "Local", crossZone: ON }, frontendZone: "b" },
  ],
  ["ip: the node's share of the zone's ready pods", 2 / 3, { service: { targetType: "ip" } }],
  [
    "ip, cross-zone: the node's share of all ready pods",
    2 / 4,
    { service: { targetType: "ip", crossZone: ON }, frontendZone: "b" },
  ],
  ["ip: a node without a pod loses nothing", 0, { service: { targetType: "ip" }, backends: [backend("n2", "a")] }],
  ["preservation not known: unknown", undefined, { preserve: UNKNOWN }],
  ["target type not known: unknown", undefined, { service: { targetType: undefined } }],
  ["cross-zone not known: unknown", undefined, { service: { crossZone: UNKNOWN } }],
  ["zone of the frontend not known: unknown, never the same", undefined, { frontendZone: undefined }],
  ["own zone not known: unknown, never the same", undefined, { selfZone: undefined }],
  ["nodes not known: unknown", undefined, { nodes: [] }],
  ["own node not among the nodes: the list is incomplete, unknown", undefined, { self: "n9", selfZone: "a" }],
  [
    "a target of unknown zone may be one to choose from: unknown",
    undefined,
    { nodes: [...NODES, { node: "n4", zone: undefined }] },
  ],
];

for (const [rule, expected, given] of ROWS) test(rule, () => assert.equal(exposure(given), expected));

test("whatever the cluster, exposure is 0 to 1, and over the nodes of an address it sums to 1 or to 0", () => {
  const zone = fc.constantFrom("a", "b", "c");
  const cluster = fc.uniqueArray(fc.record({ node: fc.stringMatching(/^n\d{1,3}$/), zone }), {
    selector: ({ node }) => node,
    minLength: 1,
    maxLength: 30,
  });
  const property = fc.property(
    cluster,
    zone,
    fc.constantFrom("instance", "ip"),
    fc.boolean(),
    (nodes, frontendZone, targetType, crossZone) => {
      const service = { targetType, crossZone: crossZone ? ON : OFF } as const;
      const backends = nodes.map((placement) => backend(placement.node, placement.zone));
      const shares = nodes.map(({ node, zone: selfZone }) =>
        exposure({ service, self: node, selfZone, frontendZone, nodes, backends }),
      );
      for (const share of shares) assert.ok(share !== undefined && share >= 0 && share <= 1);
      const sum = shares.reduce<number>((total, share) => total + (share ?? 0), 0);
      const reachable = crossZone || nodes.some((placement) => placement.zone === frontendZone);
      assert.ok(Math.abs(sum - (reachable ? 1 : 0)) < 1e-9, `sum ${sum}`);
    },
  );
  fc.assert(property);
});
