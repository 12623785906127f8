import type { Frontend, Resolution, ZonalAddress } from "../domain/frontend.ts";
import { type Listener, serviceKey } from "../domain/service.ts";
import type { DiscoveredService, Snapshot } from "../domain/snapshot.ts";
import { exposureOf, type Self } from "./exposure.ts";

/** What DNS says about a hostname; `undefined`: it has not been asked yet. */
export type Resolve = (hostname: string) => Resolution | undefined;

/** Where a Service's frontends are at present, and why DNS does not say so now, if it does not. */
interface Location {
  readonly address: string | undefined;
  readonly zone: string | undefined;
  readonly dnsError: string | undefined;
}

/**
 * The frontends that this node probes: one per Service, port and address.
 *
 * A hostname that does not resolve keeps the frontends it had, and has one without an address if it never had any, so that its
 * failure is counted where its successes were. One that has not been asked yet has none.
 */
export function planFrontends(snapshot: Snapshot, resolve: Resolve, self: Self): readonly Frontend[] {
  const zone = self.zone ?? zoneOf(self.node, snapshot);
  return snapshot.services.flatMap((discovered) => {
    const { service, backends, backendsByPort } = discovered;
    const here = { node: self.node, zone };
    const locations = locationsOf(discovered, resolve);
    const shared = { service, self: here, nodes: snapshot.nodes, enabledZones: enabledZonesOf(discovered, locations) };
    return locations.flatMap(({ address, zone, dnsError }) =>
      service.listeners.map((listener) => {
        const behind = backendsByPort?.get(listener.port) ?? backends;
        const { targetGroup } = listener;
        return {
          id: frontendId(discovered, listener, address),
          service,
          listener,
          address,
          dnsError,
          zone,
          colocated: behind.some((backend) => backend.ready && backend.node === self.node),
          exposure: exposureOf({ ...shared, targetGroup, address, frontendZone: zone, backends: behind }),
        };
      }),
    );
  });
}

/** The zone of this node, as far as the snapshot knows it: from its agent, or from a backend that it hosts. */
function zoneOf(node: string, { nodes, services }: Snapshot): string | undefined {
  const placement = nodes.find((candidate) => candidate.node === node);
  if (placement?.zone !== undefined) return placement.zone;
  for (const { backends } of services) {
    const zone = backends.find((backend) => backend.node === node)?.zone;
    if (zone !== undefined) return zone;
  }
  return undefined;
}

/** @returns `undefined` where the addresses do not tell: a zone is not known, or DNS answers with the client's zone alone. */
function enabledZonesOf({ service }: DiscoveredService, locations: readonly Location[]): ReadonlySet<string> | undefined {
  const zones = locations.map(({ zone }) => zone).filter((zone) => zone !== undefined);
  return service.zonalAffinity || zones.length === 0 || zones.length < locations.length ? undefined : new Set(zones);
}

function locationsOf({ service }: DiscoveredService, resolve: Resolve): readonly Location[] {
  const located = (addresses: readonly ZonalAddress[], dnsError: string | undefined): readonly Location[] =>
    addresses.map(({ address, zone }) => ({ address, zone, dnsError }));
  if (service.addresses.length > 0) return located(service.addresses, undefined);
  const resolution = service.hostname === undefined ? undefined : resolve(service.hostname);
  if (resolution === undefined) return [];
  if (resolution.kind === "resolved") return located(resolution.addresses, undefined);
  const { detail, lastAddresses } = resolution;
  if (lastAddresses.length > 0) return located(lastAddresses, detail);
  return [{ address: undefined, zone: undefined, dnsError: detail }];
}

const frontendId = ({ service }: DiscoveredService, listener: Listener, address: string | undefined): string =>
  `${serviceKey(service)}:${listener.port}@${address ?? ""}`;
