import { type Backend, serviceKey } from "../domain/service.ts";
import type { NodePlacement } from "../domain/snapshot.ts";
import type { EndpointSliceObject } from "./objects/slice-object.ts";

/**
 * The backends behind a Service, from all of its slices, which are in one namespace.
 *
 * While endpoints move from slice to slice, and always with two address families, a pod is in several of them: it is one
 * backend, ready if any of them says so, with the first node and zone that is told.
 *
 * @see Kubernetes documentation, "EndpointSlices", duplicate endpoints.
 */
export function backendsOf(slices: readonly EndpointSliceObject[]): readonly Backend[] {
  const merged = new Map<string, Backend>();
  for (const { ids, backends } of slices) {
    for (const [index, backend] of backends.entries()) {
      const id = ids[index] ?? "";
      const known = merged.get(id);
      merged.set(id, known === undefined ? backend : merge(known, backend));
    }
  }
  return [...merged.values()];
}

/**
 * The nodes that run an agent, by name, from the slices of the agents' own Service.
 *
 * Agents that are not ready count too: it is the nodes that matter, and a node does not go when its agent restarts. Whether its agent
 * serves is told beside: the Service publishes all of them as ready.
 */
export function placementsOf(slices: readonly EndpointSliceObject[]): readonly NodePlacement[] {
  const zones = new Map<string, string | undefined>();
  const serving = new Set<string>();
  for (const { node, zone, ready, isPublishedUnready } of slices.flatMap(({ backends }) => backends)) {
    if (node === undefined) continue;
    zones.set(node, zones.get(node) ?? zone);
    if (ready && !isPublishedUnready) serving.add(node);
  }
  return [...zones]
    .map(([node, zone]) => ({ node, zone, ...(serving.has(node) ? { hasAgent: true as const } : {}) }))
    .sort((a, b) => (a.node < b.node ? -1 : 1));
}

const merge = (a: Backend, b: Backend): Backend =>
  a === b ? a : { node: a.node ?? b.node, zone: a.zone ?? b.zone, ready: a.ready || b.ready };

/** Names are selected on the server, namespaces are not: slices of a namesake elsewhere are told apart here. */
export function groupByService(slices: Iterable<EndpointSliceObject>): ReadonlyMap<string, readonly EndpointSliceObject[]> {
  const groups = new Map<string, EndpointSliceObject[]>();
  for (const slice of slices) {
    if (slice.serviceName === undefined) continue;
    const key = serviceKey({ namespace: slice.namespace, name: slice.serviceName });
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [slice]);
    else group.push(slice);
  }
  return groups;
}
