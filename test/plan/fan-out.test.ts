import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { NodePlacement } from "../../src/domain/snapshot.ts";
import { FanOut, type Shared } from "../../src/plan/fan-out.ts";
import { isNightly } from "../support/run-environment.ts";

const ZONES = ["a", "b", "c"];
const placements = (count: number, zones = ZONES): readonly NodePlacement[] =>
  Array.from({ length: count }, (_, i) => ({
    node: `ip-10-0-${i >> 8}-${i & 255}`,
    zone: zones[i % zones.length],
    hasAgent: true,
  }));
const frontends = (count: number, hosts: ReadonlySet<string> = new Set()): readonly Shared[] =>
  Array.from({ length: count }, (_, i) => ({ id: `shop/web-${i}:80@10.0.32.5`, hosts }));

/** Who probes each frontend, each node having chosen by itself. */
function probersOf(
  all: readonly Shared[],
  nodes: readonly NodePlacement[],
  limit: number,
): ReadonlyMap<string, readonly NodePlacement[]> {
  const probers = new Map<string, NodePlacement[]>(all.map(({ id }) => [id, []]));
  for (const self of nodes) {
    const { chosen } = new FanOut({ limit, holdMs: 0 }).choose(all, { nodes }, self, 0);
    for (const { id } of chosen) probers.get(id)?.push(self);
  }
  return probers;
}

/** By zone and kind. */
const kinds = (nodes: readonly NodePlacement[], hosts: ReadonlySet<string>): ReadonlyMap<string, readonly string[]> => {
  const groups = Map.groupBy(nodes, ({ node, zone }) => `${zone} ${hosts.has(node)}`);
  return new Map([...groups].map(([kind, those]) => [kind, those.map(({ node }) => node)]));
};

/** Three kinds take turns among them, so that few have each of them, too. */
const SERVICES = isNightly ? 1_000 : 300;
test(`each frontend is probed by min(limit, available) nodes of each kind and zone, at 5,000 nodes and ${SERVICES} Services`, () => {
  const nodes = placements(5_000);
  const limit = 20;
  // Backends on 3, 40 and no nodes; in zone c on fewer than the limit.
  const manyHosts = new Set(nodes.filter(({ zone }, i) => i % 40 === 0 && (zone !== "c" || i < 600)).map(({ node }) => node));
  const few = new Set(nodes.slice(0, 3).map(({ node }) => node));
  const hostsOf = (i: number): ReadonlySet<string> => (i % 3 === 0 ? manyHosts : i % 3 === 1 ? few : new Set());
  const all = frontends(SERVICES).map(({ id }, i) => ({ id, hosts: hostsOf(i) }));
  const load = new Map<string, number>();
  for (const [id, probers] of probersOf(all, nodes, limit)) {
    const { hosts } = all.find((each) => each.id === id) ?? { hosts: new Set<string>() };
    const chosen = kinds(probers, hosts);
    for (const [kind, available] of kinds(nodes, hosts))
      assert.equal(chosen.get(kind)?.length, Math.min(limit, available.length), `${id} ${kind}`);
    for (const { node } of probers) load.set(node, (load.get(node) ?? 0) + 1);
  }
  // 60 of 5,000 nodes probe each frontend, and nobody has many times as many as the average; hosts of few backends have more. Chance alone
  // would have it that in 5,000 nodes none is seven standard deviations above.
  const average = (60 * SERVICES) / 5_000;
  const others = [...load].filter(([node]) => !manyHosts.has(node) && !few.has(node)).map(([, count]) => count);
  assert.ok(Math.max(...others) < average + 7 * Math.sqrt(average), `${Math.max(...others)} of ${average}`);
});

test("a node that comes or goes moves only its own share", () => {
  fc.assert(
    fc.property(fc.integer({ min: 30, max: 120 }), fc.integer({ min: 1, max: 12 }), fc.nat(29), (count, limit, index) => {
      const nodes = placements(count);
      const gone = nodes[index];
      const [all, hosts] = [frontends(12), new Set<string>()];
      const [before, after] = [
        probersOf(all, nodes, limit),
        probersOf(
          all,
          nodes.filter((each) => each !== gone),
          limit,
        ),
      ];
      for (const { id } of all) {
        const [old, now] = [before.get(id) ?? [], after.get(id) ?? []].map((those) => new Set(those.map(({ node }) => node)));
        const left = [...(old ?? [])].filter((node) => !now?.has(node));
        const joined = [...(now ?? [])].filter((node) => !old?.has(node));
        const wasChosen = gone !== undefined && old?.has(gone.node) === true;
        assert.deepEqual(left, wasChosen ? [gone.node] : [], id);
        // One of its zone takes its place, if there is one left.
        const available = kinds(nodes, hosts).get(`${gone?.zone} false`)?.length ?? 0;
        assert.equal(joined.length, wasChosen && available > limit ? 1 : 0, id);
      }
    }),
    { numRuns: 30 },
  );
});

test("while views differ, a frontend is probed by somebody at every moment, also with a limit of one", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 12 }),
      fc.array(fc.record({ node: fc.nat(11), joins: fc.boolean() }), { minLength: 1, maxLength: 8 }),
      fc.infiniteStream(fc.nat(20_000)),
      (count, changes, delays) => {
        const all = placements(count, ["a"]);
        const fanOuts = new Map(all.map(({ node }) => [node, new FanOut({ limit: 1, holdMs: 60_000 })]));
        const wanted = frontends(5);
        // What is so, and what each agent knows of it: every change reaches each of them up to 20 s later.
        let alive = new Set(all.map(({ node }) => node));
        const events: { atMs: number; node: string; known: ReadonlySet<string> }[] = [];
        for (const { node } of all) events.push({ atMs: 0, node, known: alive });
        for (const [i, { node: index, joins }] of changes.entries()) {
          const node = all[index % count]?.node ?? "";
          const next = new Set(alive);
          if (joins) next.add(node);
          else if (next.size > 1) next.delete(node);
          alive = next;
          for (const each of all)
            events.push({ atMs: (i + 1) * 30_000 + (delays.next().value ?? 0), node: each.node, known: alive });
        }
        const chosenBy = new Map<string, ReadonlySet<string>>();
        for (const { atMs, node, known } of events.toSorted((a, b) => a.atMs - b.atMs)) {
          const self = all.find((each) => each.node === node);
          if (self === undefined || !known.has(node)) {
            chosenBy.delete(node);
            continue;
          }
          const nodes = all.filter((each) => known.has(each.node));
          const { chosen } = fanOuts.get(node)?.choose(wanted, { nodes }, self, atMs) ?? { chosen: [] };
          chosenBy.set(node, new Set(chosen.map(({ id }) => id)));
          // An agent that went is missed only by those that have heard of it: until then its share may be nobody's.
          if (!changes.every(({ joins }) => joins)) continue;
          for (const { id } of atMs === 0 ? [] : wanted)
            assert.ok(
              [...chosenBy.values()].some((ids) => ids.has(id)),
              `${id} at ${atMs}`,
            );
        }
        // In the end all know the same, and everything is probed.
        for (const { id } of wanted)
          assert.ok(
            [...chosenBy.values()].some((ids) => ids.has(id)),
            id,
          );
      },
    ),
    { numRuns: 100 },
  );
});

test("a choice that is lost is held for a while, and then given up", () => {
  const nodes = placements(3, ["a"]);
  const [wanted] = frontends(1);
  assert.ok(wanted !== undefined);
  const [winner] = probersOf([wanted], nodes, 1).get(wanted.id) ?? [];
  const [other] = nodes.filter((each) => each !== winner);
  assert.ok(winner !== undefined && other !== undefined);
  const fanOut = new FanOut({ limit: 1, holdMs: 60_000 });
  // Alone with itself it is chosen; then the one that wants it more is seen.
  assert.equal(fanOut.choose([wanted], { nodes: [other] }, other, 0).chosen.length, 1);
  const held = fanOut.choose([wanted], { nodes: [other, winner] }, other, 10_000);
  assert.deepEqual([held.chosen.length, held.untilMs], [1, 60_000]);
  assert.equal(fanOut.choose([wanted], { nodes: [other, winner] }, other, 60_000).chosen.length, 0);
});

test("agents that do not serve are not counted on", () => {
  const nodes = placements(30, ["a"]);
  const [wanted] = frontends(1);
  assert.ok(wanted !== undefined);
  const old = probersOf([wanted], nodes, 5).get(wanted.id) ?? [];
  const down = old.slice(0, 2).map(({ node }) => node);
  const known = nodes.map(({ node, zone, hasAgent }) =>
    down.includes(node) || !hasAgent ? { node, zone } : { node, zone, hasAgent },
  );
  const serving = known.filter(({ node }) => !down.includes(node));
  const now = serving.filter(
    (self) => new FanOut({ limit: 5, holdMs: 0 }).choose([wanted], { nodes: known }, self, 0).chosen.length > 0,
  );
  assert.equal(now.length, 5);
});

test("without a cap, or where no agents are known, everything is probed", () => {
  const [self, nodes, all] = [{ node: "n1", zone: "a" }, placements(100), frontends(10)];
  assert.equal(new FanOut({ limit: 0, holdMs: 0 }).choose(all, { nodes }, self, 0).chosen.length, 10);
  assert.equal(new FanOut({ limit: 1, holdMs: 0 }).choose(all, { nodes: [] }, self, 0).chosen.length, 10);
  const listed = nodes.map(({ node, zone }) => ({ node, zone }));
  assert.equal(new FanOut({ limit: 1, holdMs: 0 }).choose(all, { nodes: listed }, self, 0).chosen.length, 10);
});
