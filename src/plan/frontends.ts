import type { AddressPolicy } from "../domain/address.ts";
import { familyOf } from "../domain/cidr.ts";
import type { Control } from "../domain/control.ts";
import {
  ADDRESS_SKIP_REASONS,
  type AddressSkipReason,
  type Frontend,
  type Resolution,
  type ZonalAddress,
} from "../domain/frontend.ts";
import { type Listener, serviceKey } from "../domain/service.ts";
import type { DiscoveredService, Snapshot } from "../domain/snapshot.ts";
import { selectAddresses } from "./addresses.ts";
import { planControls } from "./controls.ts";
import { exposureOf, type Self } from "./exposure.ts";

/** What DNS says about a hostname; `undefined`: it has not been asked yet. */
export type Resolve = (hostname: string) => Resolution | undefined;

/** Where a Service's frontends are at present, and why DNS does not say so now, if it does not. */
interface Location {
  readonly address: string | undefined;
  readonly zone: string | undefined;
  readonly withdrawn: boolean;
  readonly dnsError: string | undefined;
}

/** Where a Service's frontends are, and how many of its addresses are none. */
interface Locations {
  readonly locations: readonly Location[];
  readonly skipped: Readonly<Record<AddressSkipReason, number>>;
}

const NONE_SKIPPED = { ipv6_not_private: 0, over_limit: 0 } as const;

/** What this node probes, and what it leaves out of what DNS answers. */
export interface Plan {
  readonly frontends: readonly Frontend[];
  /** Ways past the NLBs of these. */
  readonly controls: readonly Control[];
  readonly addressesSkipped: Readonly<Record<AddressSkipReason, number>>;
}

/**
 * The frontends that this node probes: one per Service, port and address.
 *
 * A hostname that does not resolve keeps the frontends it had, and has one without an address if it never had any, so that its
 * failure is counted where its successes were. One that has not been asked yet has none.
 */
export function planFrontends(snapshot: Snapshot, resolve: Resolve, self: Self, isAllowed: AddressPolicy): Plan {
  const zone = self.zone ?? zoneOf(self.node, snapshot);
  const addressesSkipped: Record<AddressSkipReason, number> = { ...NONE_SKIPPED };
  const frontends = snapshot.services.flatMap((discovered) => {
    const { service, backends, backendsByPort } = discovered;
    const here = { node: self.node, zone };
    const { locations, skipped } = locationsOf(discovered, resolve, isAllowed);
    for (const reason of ADDRESS_SKIP_REASONS) addressesSkipped[reason] += skipped[reason];
    const shared = { service, self: here, nodes: snapshot.nodes, enabledZones: enabledZonesOf(discovered, locations) };
    return locations.flatMap(({ address, zone, withdrawn, dnsError }) =>
      service.listeners.map((listener) => {
        const behind = backendsByPort?.get(listener.port) ?? backends;
        // A file that lists no backends does not say that there are none.
        const known = service.controller === "static" && behind.length === 0 ? undefined : behind;
        const { targetGroup } = listener;
        return {
          id: frontendId(discovered, listener, address),
          service,
          listener,
          address,
          family: address === undefined ? undefined : familyOf(address),
          withdrawn,
          dnsError,
          zone,
          colocated: behind.some((backend) => backend.ready && backend.node === self.node),
          // The zone has no healthy target, or was shifted away: where its address sends connections now, nobody tells.
          exposure: withdrawn ? undefined : exposureOf({ ...shared, targetGroup, address, frontendZone: zone, backends: known }),
        };
      }),
    );
  });
  return { frontends, controls: planControls(frontends), addressesSkipped };
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

/**
 * The zones that the NLB has addresses in. A zone that DNS withdrew takes no part, with cross-zone load balancing neither.
 *
 * @returns `undefined` where the addresses do not tell: a zone is not known, or DNS answers with the client's zone alone.
 */
function enabledZonesOf({ service }: DiscoveredService, locations: readonly Location[]): ReadonlySet<string> | undefined {
  const present = locations.filter(({ withdrawn }) => !withdrawn);
  const zones = present.map(({ zone }) => zone).filter((zone) => zone !== undefined);
  return service.zonalAffinity || zones.length === 0 || zones.length < present.length ? undefined : new Set(zones);
}

function locationsOf({ service }: DiscoveredService, resolve: Resolve, isAllowed: AddressPolicy): Locations {
  const located = (addresses: readonly ZonalAddress[], overLimit: number, dnsError?: string): Locations => {
    const { selected, skipped } = selectAddresses(addresses, isAllowed);
    return {
      locations: selected.map(({ address, zone, withdrawn }) => ({ address, zone, withdrawn: withdrawn === true, dnsError })),
      skipped: { ipv6_not_private: skipped.length, over_limit: overLimit },
    };
  };
  if (service.addresses.length > 0) return located(service.addresses, 0);
  const resolution = service.hostname === undefined ? undefined : resolve(service.hostname);
  if (resolution === undefined) return { locations: [], skipped: NONE_SKIPPED };
  if (resolution.kind === "resolved") return located(resolution.addresses, resolution.overLimit);
  const { detail, lastAddresses, overLimit } = resolution;
  if (lastAddresses.length > 0) return located(lastAddresses, overLimit, detail);
  const nowhere = { address: undefined, zone: undefined, withdrawn: false, dnsError: detail };
  return { locations: [nowhere], skipped: NONE_SKIPPED };
}

const frontendId = ({ service }: DiscoveredService, listener: Listener, address: string | undefined): string =>
  `${serviceKey(service)}:${listener.port}@${address ?? ""}`;
