import { type Backend, serviceKey } from "../domain/service.ts";
import type { DiscoveredService, SkippedService, Snapshot } from "../domain/snapshot.ts";
import type { Classified, NamespacedName } from "./cluster.ts";
import { backendsOf, groupByService, placementsOf } from "./endpoint-slices.ts";
import type { EndpointSliceObject } from "./objects/slice-object.ts";

export interface SnapshotParts {
  readonly classified: readonly Classified[];
  readonly slices: Iterable<EndpointSliceObject>;
  /** The agents' own headless Service, whose slices tell the nodes. */
  readonly agentsService: NamespacedName | undefined;
  /** Services of other sources, whose backends are asked for here. */
  readonly others: readonly NamespacedName[];
  /**
   * Whether the slices of a Service of this name have been asked for. One whose slices have not is not in the snapshot yet:
   * without its backends, `colocated` would be wrong.
   */
  readonly isListed: (serviceName: string) => boolean;
}

/** The Services whose pods stand behind this one's ports: itself, or what the routes of a Gateway name. */
export const servicesBehind = ({ behind, namespace, name }: Classified): readonly NamespacedName[] =>
  behind === undefined ? [{ namespace, name }] : [...behind.values()].flat();

/**
 * Puts NLBs and slices together, in the order of their names.
 *
 * It remembers the backends of a Service for as long as its slices are the same objects: merging 100,000 endpoints for each pod
 * that moves would be most of what an agent does.
 */
export class SnapshotBuilder {
  #remembered: ReadonlyMap<string, { readonly slices: readonly EndpointSliceObject[]; readonly backends: readonly Backend[] }> =
    new Map();

  build({ classified, slices, agentsService, others, isListed }: SnapshotParts): Snapshot {
    const byService = groupByService(slices);
    const remembered = new Map<string, { slices: readonly EndpointSliceObject[]; backends: readonly Backend[] }>();
    const backendsBehind = (service: NamespacedName): readonly Backend[] => {
      const key = serviceKey(service);
      const own = byService.get(key) ?? [];
      const known = remembered.get(key) ?? this.#remembered.get(key);
      const entry = known !== undefined && areSame(known.slices, own) ? known : { slices: own, backends: backendsOf(own) };
      remembered.set(key, entry);
      return entry.backends;
    };
    const sorted = classified.toSorted((a, b) => (serviceKey(a) < serviceKey(b) ? -1 : 1));
    const snapshot: Snapshot = {
      services: sorted.flatMap((found) => {
        if (found.classification.kind !== "nlb" || !servicesBehind(found).every(({ name }) => isListed(name))) return [];
        return [discoveredOf(found, found.classification.service, backendsBehind)];
      }),
      skipped: sorted.flatMap(({ namespace, name, classification }): readonly SkippedService[] => {
        if (classification.kind === "nlb") return [];
        const { reason, detail } = classification;
        return [{ namespace, name, reason, detail }];
      }),
      nodes: agentsService === undefined ? [] : placementsOf(byService.get(serviceKey(agentsService)) ?? []),
      backendsOfOthers: new Map(
        others.filter(({ name }) => isListed(name)).map((service) => [serviceKey(service), backendsBehind(service)]),
      ),
    };
    this.#remembered = remembered;
    return snapshot;
  }
}

function discoveredOf(
  { behind }: Classified,
  service: DiscoveredService["service"],
  backendsBehind: (service: NamespacedName) => readonly Backend[],
): DiscoveredService {
  if (behind === undefined) return { service, backends: backendsBehind(service) };
  const unique = (services: readonly NamespacedName[]): readonly NamespacedName[] => [
    ...new Map(services.map((one) => [serviceKey(one), one])).values(),
  ];
  const of = (services: readonly NamespacedName[]): readonly Backend[] => unique(services).flatMap(backendsBehind);
  return {
    service,
    backends: of([...behind.values()].flat()),
    backendsByPort: new Map([...behind].map(([port, services]) => [port, of(services)])),
  };
}

const areSame = <T>(a: readonly T[], b: readonly T[]): boolean =>
  a.length === b.length && a.every((item, index) => item === b[index]);
