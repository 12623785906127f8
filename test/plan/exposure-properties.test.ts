import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { NodePlacement } from "../../src/domain/snapshot.ts";
import { backend } from "../support/services.ts";
import { type Case, exposure, OFF, ON, UNKNOWN } from "./exposure-cases.ts";

const zone = fc.constantFrom("a", "b", "c");
const nodes: fc.Arbitrary<readonly NodePlacement[]> = fc.uniqueArray(
  fc.record({ node: fc.stringMatching(/^n\d{1,3}$/), zone, excluded: fc.boolean() }),
  { selector: ({ node }) => node, minLength: 1, maxLength: 30 },
);
/** Any cluster with any number of pods, ready or not, and any configuration. */
const cluster = nodes.chain((placements) =>
  fc.record({
    nodes: fc.constant(placements),
    pods: fc.array(fc.record({ at: fc.nat({ max: placements.length - 1 }), ready: fc.boolean() }), { maxLength: 40 }),
    frontendZone: zone,
    targetType: fc.constantFrom("instance", "ip"),
    externalTrafficPolicy: fc.constantFrom("Cluster", "Local"),
    crossZone: fc.boolean(),
    preserve: fc.constantFrom(ON, OFF),
    weight: fc.constantFrom(1, 0.25, 0),
  }),
);
type Cluster = typeof cluster extends fc.Arbitrary<infer T> ? T : never;

function caseOf(given: Cluster, self: NodePlacement): Case {
  const { pods, frontendZone, targetType, externalTrafficPolicy, crossZone, preserve, weight } = given;
  const backends = pods.map(({ at, ready }) => backend(given.nodes[at]?.node ?? "", given.nodes[at]?.zone, ready));
  const group = { targetType, externalTrafficPolicy, crossZone: crossZone ? ON : OFF, preserveClientIp: preserve, weight };
  return { group, self: self.node, selfZone: self.zone, frontendZone, backends, nodes: given.nodes };
}
const sharesOf = (given: Cluster): readonly (number | undefined)[] => given.nodes.map((self) => exposure(caseOf(given, self)));

test("the exposure is 0 to 1, and known where everything it follows from is", () => {
  fc.assert(
    fc.property(cluster, (given) => {
      for (const share of sharesOf(given)) assert.ok(share !== undefined && share >= 0 && share <= 1, `${share}`);
    }),
  );
});

test("over the nodes of an address it sums to the weight of the target group, or to 0 where it cannot reach a target", () => {
  fc.assert(
    fc.property(cluster, (given) => {
      const sum = sharesOf(given).reduce<number>((total, share) => total + (share ?? Number.NaN), 0);
      const reachable = targetsOf(given).some((target) => given.crossZone || target.zone === given.frontendZone);
      const expected = reachable && given.preserve === ON ? given.weight : 0;
      assert.ok(Math.abs(sum - expected) < 1e-9, `sum ${sum}, expected ${expected}`);
    }),
  );
});

test("with preservation off it is 0 everywhere, whatever else is not known", () => {
  fc.assert(
    fc.property(cluster, fc.boolean(), (given, hasZone) => {
      const off = { ...caseOf(given, { node: "n0", zone: "a" }), selfZone: hasZone ? "a" : undefined };
      const group = { ...off.group, preserveClientIp: OFF, crossZone: UNKNOWN, targetType: undefined, weight: undefined };
      assert.equal(exposure({ ...off, group }), 0);
    }),
  );
});

test("a pod that moves changes the exposure of the two nodes it moves between alone, while their zone stays", () => {
  const inOneZone = cluster.filter(({ pods }) => pods.length > 0);
  fc.assert(
    fc.property(inOneZone, fc.nat(), (given, pick) => {
      const placements = given.nodes.map((placement) => ({ ...placement, zone: "a" }));
      const before = { ...given, nodes: placements, targetType: "ip" as const, frontendZone: "a" as const };
      const [moved] = given.pods;
      const target = pick % placements.length;
      const after = { ...before, pods: given.pods.map((pod) => (pod === moved ? { ...pod, at: target } : pod)) };
      const [was, is] = [sharesOf(before), sharesOf(after)];
      placements.forEach((_, index) => {
        if (index !== target && index !== moved?.at) assert.equal(is[index], was[index]);
      });
    }),
  );
});

/** The targets as AWS would register and check them, written down independently of the code. */
function targetsOf({ nodes, pods, targetType, externalTrafficPolicy }: Cluster): readonly NodePlacement[] {
  const hosts = pods.filter(({ ready }) => ready).flatMap(({ at }) => nodes[at] ?? []);
  if (targetType === "ip") return hosts;
  // With no pod ready every instance fails its health check.
  if (hosts.length === 0) return [];
  const registered = nodes.filter(({ excluded }) => !excluded);
  return externalTrafficPolicy === "Local" ? registered.filter((node) => hosts.includes(node)) : registered;
}
