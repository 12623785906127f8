import { type Backend, type NlbService, type SkipReason, serviceKey } from "./service.ts";

/** Where Services are learnt of: a file of frontends, the Kubernetes API. */
export const SOURCES = ["file", "kubernetes"] as const;
export type Source = (typeof SOURCES)[number];

/** A Service that was seen and is not probed, with the sentence that says why. */
export interface SkippedService {
  readonly namespace: string;
  readonly name: string;
  readonly reason: SkipReason;
  readonly detail: string;
}

/** A node that runs an agent: how the number of nodes per zone is known without permission to read Nodes. */
export interface NodePlacement {
  readonly node: string;
  readonly zone: string | undefined;
  /** An agent on it serves at present. */
  readonly hasAgent?: true;
  /** Kept out of load balancers, by label or taint, as far as that is known. */
  readonly excluded?: boolean;
  /** Labels, where Nodes may be read; otherwise only what follows from name and zone is known. */
  readonly labels?: ReadonlyMap<string, string>;
}

/** One NLB Service with what stands behind it. */
export interface DiscoveredService {
  readonly service: NlbService;
  readonly backends: readonly Backend[];
  /** The backends are those that somebody wrote down: none does not say that there are none, and nobody watches whether they are ready. */
  readonly areBackendsListed?: true;
  /** Where the ports of one NLB forward to different Services (a Gateway's listeners): the backends of each port. */
  readonly backendsByPort?: ReadonlyMap<number, readonly Backend[]>;
}

/** Everything discovery knows at one moment. Whole and immutable: a new one replaces it, nobody edits it. */
export interface Snapshot {
  readonly services: readonly DiscoveredService[];
  readonly skipped: readonly SkippedService[];
  /** Nodes that run an agent; empty when the agents' own Service is not known. */
  readonly nodes: readonly NodePlacement[];
  /** Backends of Services that another source names as NLBs, by key: a file knows the NLB, the cluster knows the pods. */
  readonly backendsOfOthers?: ReadonlyMap<string, readonly Backend[]>;
}

/**
 * Several sources as one snapshot. A Service that two of them name comes from the first: what an operator wrote into a file is
 * to stand before what was discovered; backends that the file does not list are those of the Service of that name. Of a node,
 * each says what it knows.
 */
export function mergeSnapshots(snapshots: readonly Snapshot[]): Snapshot {
  const services = new Map<string, DiscoveredService>();
  const nodes = new Map<string, NodePlacement>();
  const backendsOfOthers = new Map(snapshots.flatMap((snapshot) => [...(snapshot.backendsOfOthers ?? [])]));
  for (const snapshot of snapshots) {
    for (const discovered of snapshot.services) {
      const key = serviceKey(discovered.service);
      if (services.has(key)) continue;
      const backends = discovered.backends.length > 0 ? undefined : backendsOfOthers.get(key);
      const { areBackendsListed: _, ...others } = discovered;
      services.set(key, backends === undefined ? discovered : { ...others, backends });
    }
    for (const placement of snapshot.nodes) nodes.set(placement.node, completed(nodes.get(placement.node), placement));
  }
  const skipped = snapshots.flatMap((snapshot) => snapshot.skipped).filter((service) => !services.has(serviceKey(service)));
  return { services: [...services.values()], skipped, nodes: [...nodes.values()] };
}

/** What is known first stays; what it leaves open is filled in. */
function completed(known: NodePlacement | undefined, { node, zone, hasAgent, excluded, labels }: NodePlacement): NodePlacement {
  const [isExcluded, allLabels] = [known?.excluded ?? excluded, known?.labels ?? labels];
  return {
    node,
    zone: known?.zone ?? zone,
    ...(known?.hasAgent || hasAgent ? { hasAgent: true } : {}),
    ...(isExcluded === undefined ? {} : { excluded: isExcluded }),
    ...(allLabels === undefined ? {} : { labels: allLabels }),
  };
}

/** Every zone that the snapshot knows of: those whose zonal names are worth asking DNS for. */
export function zonesOf(snapshot: Snapshot): readonly string[] {
  const zones = new Set(snapshot.nodes.map(({ zone }) => zone));
  for (const { backends } of snapshot.services) for (const { zone } of backends) zones.add(zone);
  return [...zones].filter((zone) => zone !== undefined).toSorted();
}
