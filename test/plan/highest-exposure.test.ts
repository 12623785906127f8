import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { LoadBalancer } from "../../src/domain/load-balancer.ts";
import type { NodePlacement } from "../../src/domain/snapshot.ts";
import type { TargetGroup } from "../../src/domain/target-group.ts";
import { exposureOf } from "../../src/plan/exposure.ts";
import { highestExposure } from "../../src/plan/highest-exposure.ts";
import { backend, targetGroup } from "../support/services.ts";

const balancer = (...groups: readonly Partial<TargetGroup>[]): LoadBalancer => ({
  kind: "Service",
  namespace: "shop",
  name: "web",
  controller: "lbc",
  isNlb: true,
  notNlb: "",
  internal: { enabled: true, origin: "explicit" },
  hostnames: [],
  shortcuts: [],
  zonalAffinity: false,
  ports: groups.map((group, i) => ({
    port: i + 1,
    name: "",
    transport: "TCP",
    tlsTerminated: false,
    targetGroup: targetGroup(group),
  })),
  refusals: [],
  doubts: [],
});
const READY = new Map([[1, [backend("n1", "a")]]]);
const nodes: readonly NodePlacement[] = [
  { node: "n1", zone: "a" },
  { node: "n2", zone: "a" },
  { node: "n3", zone: "b" },
];

test("the node alone in its zone has the highest exposure to instance targets", () => {
  assert.deepEqual(highestExposure(balancer({}), nodes, READY), { exposure: 1, node: "n3", port: 1 });
});

test("a port that does not preserve counts for nothing, one that is not known for everything", () => {
  const off = { preserveClientIp: { enabled: false, origin: "explicit" } } as const;
  assert.equal(highestExposure(balancer(off), nodes, new Map()).exposure, 0);
  assert.equal(
    highestExposure(
      balancer(off, { preserveClientIp: { enabled: undefined, origin: "unknown" } }),
      nodes,
      new Map([[2, [backend("n1", "a")]]]),
    ).exposure,
    undefined,
  );
});

test("backends count port by port", () => {
  const ip = { targetType: "ip", preserveClientIp: { enabled: true, origin: "explicit" } } as const;
  const backends = new Map([
    [1, [backend("n3", "b")]],
    [2, [backend("n1", "a"), backend("n2", "a")]],
  ]);
  assert.deepEqual(highestExposure(balancer(ip, ip), nodes, backends), { exposure: 1, node: "n3", port: 1 });
  assert.deepEqual(highestExposure(balancer(ip, ip), nodes.slice(0, 2), new Map([[2, backends.get(2) ?? []]])), {
    exposure: 0.5,
    node: "n1",
    port: 2,
  });
});

test("nodes that a selector tells apart are not alike, though all else is", () => {
  const placement = (node: string, pool: string): NodePlacement => ({ node, zone: "a", labels: new Map([["pool", pool]]) });
  const selected = balancer({ nodeSelector: new Map([["pool", "edge"]]) });
  const found = highestExposure(
    selected,
    [placement("n1", "batch"), placement("n2", "edge")],
    new Map([[1, [backend("n9", "a")]]]),
  );
  assert.deepEqual(found, { exposure: 1, node: "n2", port: 1 });
});

test("it is the maximum over all nodes, though only one of each kind is worked out", () => {
  const placements = fc.array(
    fc.record({
      zone: fc.constantFrom("a", "b", "c"),
      excluded: fc.boolean(),
      pods: fc.nat({ max: 2 }),
      pool: fc.constantFrom("x", "y"),
    }),
    { minLength: 1, maxLength: 8 },
  );
  const groups = fc.record({
    targetType: fc.constantFrom<"instance" | "ip">("instance", "ip"),
    crossZone: fc.boolean().map((enabled) => ({ enabled, origin: "explicit" as const })),
    externalTrafficPolicy: fc.constantFrom<"Cluster" | "Local">("Cluster", "Local"),
    nodeSelector: fc.constantFrom(new Map<string, string>(), new Map([["pool", "x"]])),
  });
  fc.assert(
    fc.property(placements, groups, (given, group) => {
      const all = given.map(({ zone, excluded, pool }, i) => ({
        node: `n${i}`,
        zone,
        excluded,
        labels: new Map([["pool", pool]]),
      }));
      const backends = given.flatMap(({ pods, zone }, i) => Array.from({ length: pods }, () => backend(`n${i}`, zone)));
      const whole = targetGroup({ ...group, preserveClientIp: { enabled: true, origin: "explicit" } });
      const each = all.map(({ node, zone }) =>
        exposureOf({
          service: { shortcuts: [] },
          targetGroup: whole,
          address: undefined,
          frontendZone: zone,
          enabledZones: undefined,
          self: { node, zone },
          backends,
          nodes: all,
        }),
      );
      const expected = each.includes(undefined) ? undefined : Math.max(...each.map((exposure) => exposure ?? 0));
      assert.equal(highestExposure(balancer(whole), all, new Map([[1, backends]])).exposure, expected);
    }),
  );
});
