import { buildTopology, type LabNode, type Topology } from "../lab/topology.ts";

/** The cluster that a seed draws. */
export interface ClusterShape {
  /** With the nodes that join later. */
  readonly topology: Topology;
  readonly present: readonly LabNode[];
  readonly joining: readonly LabNode[];
}

/** One to two zones with two to five nodes at first, and one or two more to come. */
export function drawCluster(random: () => number): ClusterShape {
  const zones = random() < 0.25 ? 1 : 2;
  const [present, joining] = [2 + Math.floor(random() * 4), 1 + Math.floor(random() * 2)];
  const topology = buildTopology({ nodes: present + joining, zones });
  // They join one zone, which may have had none before: then its address begins to serve.
  const late = new Set(topology.nodes.filter(({ zone }) => zone === topology.zones[0]?.name).slice(-joining));
  return {
    topology,
    present: topology.nodes.filter((node) => !late.has(node)),
    joining: topology.nodes.filter((node) => late.has(node)),
  };
}

/** @throws RangeError for an empty list. */
export function pick<T>(list: readonly T[], random: () => number): T {
  const drawn = list[Math.floor(random() * list.length)];
  if (drawn === undefined) throw new RangeError("pick: got an empty list, expected something to draw from");
  return drawn;
}

/** Each with a chance of one half, but `atLeast` of them, and `atMost`; in their own order. */
export function someOf<T>(list: readonly T[], random: () => number, atLeast = 1, atMost = list.length): readonly T[] {
  const shuffled = list.map((each) => ({ each, at: random() })).sort((a, b) => a.at - b.at);
  const wanted = shuffled.filter(() => random() < 0.5).length;
  const chosen = new Set(shuffled.slice(0, Math.max(atLeast, Math.min(atMost, wanted))).map(({ each }) => each));
  return list.filter((each) => chosen.has(each));
}
