import { type NlbService, serviceKey } from "../domain/service.ts";
import type { DiscoveredService, SkippedService, Snapshot } from "../domain/snapshot.ts";
import { backendsOf, placementsOf } from "./endpoint-slices.ts";
import type { EndpointSliceObject } from "./objects/slice-object.ts";
import type { Classification } from "./rules/classify.ts";

export interface NamespacedName {
  readonly namespace: string;
  readonly name: string;
}

/** A Service as it is kept: who it is and what it is to us. */
export interface ClassifiedService extends NamespacedName {
  readonly classification: Classification;
}

/** The internal NLBs among the Services. */
export const nlbServicesOf = (services: Iterable<ClassifiedService>): readonly NlbService[] =>
  [...services].flatMap(({ classification }) => (classification.kind === "nlb" ? [classification.service] : []));

/**
 * Puts Services and slices together, in the order of their names.
 *
 * @param isListed - Whether the slices of a Service of this name have been asked for. One whose slices have not is not in the
 * snapshot yet: without its backends, `colocated` would be wrong.
 */
export function buildSnapshot(
  services: Iterable<ClassifiedService>,
  slices: Iterable<EndpointSliceObject>,
  agentsService: NamespacedName | undefined,
  isListed: (serviceName: string) => boolean,
): Snapshot {
  const known = [...services].sort((a, b) => (serviceKey(a) < serviceKey(b) ? -1 : 1));
  const byService = groupByService(slices);
  const slicesOf = (service: NamespacedName): readonly EndpointSliceObject[] => byService.get(serviceKey(service)) ?? [];
  return {
    services: nlbServicesOf(known)
      .filter(({ name }) => isListed(name))
      .map((service): DiscoveredService => ({ service, backends: backendsOf(slicesOf(service)) })),
    skipped: known.flatMap(({ namespace, name, classification }): readonly SkippedService[] => {
      if (classification.kind === "nlb") return [];
      const { reason, detail } = classification;
      return [{ namespace, name, reason, detail }];
    }),
    nodes: agentsService === undefined ? [] : placementsOf(slicesOf(agentsService)),
  };
}

/** Names are selected on the server, namespaces are not: slices of a namesake elsewhere are told apart here. */
function groupByService(slices: Iterable<EndpointSliceObject>): ReadonlyMap<string, readonly EndpointSliceObject[]> {
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
