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
import { type Backend, type BackendCounts, type Listener, type NlbService, serviceKey } from "../domain/service.ts";
import type { DiscoveredService, NodePlacement, Snapshot } from "../domain/snapshot.ts";
import { selectAddresses } from "./addresses.ts";
import { planControls } from "./controls.ts";
import { exposureOf, type Self } from "./exposure.ts";
import type { Shared } from "./fan-out.ts";
import { targetGroupAt } from "./target-group-at.ts";

/** What DNS says about a hostname; `undefined`: it has not been asked yet. */
export type Resolve = (hostname: string) => Resolution | undefined;

/** Where a Service's frontends are at present, and why DNS does not say so now, if it does not. */
interface Location {
  readonly address: string | undefined;
  readonly zone: string | undefined;
  readonly withdrawn: boolean;
  readonly dnsError: string | undefined;
  /** The NLB has addresses of the other family, too. */
  readonly isDualStack: boolean;
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
  /** Services that are this node's matter: without those that are left to others whole. One that has no frontends yet is everyone's. */
  readonly services: readonly DiscoveredService[];
  /** Frontends that other nodes probe: the fan-out cap chose those. */
  readonly leftToOthers: number;
  readonly addressesSkipped: Readonly<Record<AddressSkipReason, number>>;
}

/** Picks those that this node probes. @param self - With its zone, as far as it is known. */
export type Choose = <T extends Shared>(frontends: readonly T[], self: Self) => readonly T[];

const ALL: Choose = (frontends) => frontends;

/**
 * The frontends that this node probes: one per Service, port and address, as far as it is chosen for them.
 *
 * A hostname that does not resolve keeps the frontends it had, and has one without an address if it never had any, so that its
 * failure is counted where its successes were. One that has not been asked yet has none.
 */
export function planFrontends(
  snapshot: Snapshot,
  resolve: Resolve,
  self: Self,
  isAllowed: AddressPolicy,
  choose: Choose = ALL,
): Plan {
  const here = { node: self.node, zone: self.zone ?? zoneOf(self.node, snapshot) };
  const addressesSkipped: Record<AddressSkipReason, number> = { ...NONE_SKIPPED };
  const candidates = snapshot.services.flatMap((discovered) => {
    const { service, backends, backendsByPort, areBackendsListed = false } = discovered;
    const { locations, skipped } = locationsOf(discovered, resolve, isAllowed);
    for (const reason of ADDRESS_SKIP_REASONS) addressesSkipped[reason] += skipped[reason];
    const enabledZones = enabledZonesOf(discovered, locations);
    return locations.flatMap((location) =>
      service.listeners.map((listener): Candidate => {
        const behind = backendsByPort?.get(listener.port) ?? backends;
        const id = frontendId(discovered, listener, location.address);
        return { id, hosts: hostsOf(behind), service, listener, behind, areBackendsListed, location, enabledZones };
      }),
    );
  });
  const chosen = choose(candidates, here);
  // What follows takes a look at every node: it is worked out for the chosen ones alone.
  const frontends = chosen.map((candidate) => frontendOf(candidate, here, snapshot.nodes));
  const [possible, probed] = [new Set(candidates.map(({ service }) => service)), new Set(chosen.map(({ service }) => service))];
  const services = snapshot.services.filter(({ service }) => probed.has(service) || !possible.has(service));
  const leftToOthers = candidates.length - chosen.length;
  return { frontends, controls: planControls(frontends), services, leftToOthers, addressesSkipped };
}

/** What could be probed. */
interface Candidate extends Shared {
  readonly service: NlbService;
  readonly listener: Listener;
  readonly behind: readonly Backend[];
  readonly areBackendsListed: boolean;
  readonly location: Location;
  readonly enabledZones: ReadonlySet<string> | undefined;
}

function frontendOf(
  { id, hosts, service, listener, behind, areBackendsListed, location, enabledZones }: Candidate,
  self: Self,
  nodes: readonly NodePlacement[],
): Frontend {
  const { address, zone, withdrawn, dnsError } = location;
  const targetGroup = service.controller === "static" ? targetGroupAt(location, listener.targetGroup) : listener.targetGroup;
  // A file that lists no backends does not say that there are none.
  const known = areBackendsListed && behind.length === 0 ? undefined : behind;
  const input = { service, self, nodes, enabledZones, targetGroup, address, frontendZone: zone, backends: known };
  return {
    id,
    service,
    listener,
    address,
    family: address === undefined ? undefined : familyOf(address),
    withdrawn,
    dnsError,
    zone,
    colocated: hosts.has(self.node),
    // The zone has no healthy target, or was shifted away: where its address sends connections now, nobody tells.
    exposure: withdrawn ? undefined : exposureOf(input),
    backends: areBackendsListed ? undefined : countsOf(behind),
  };
}

/** Worked out once for a list of backends: lists are replaced, never edited. */
const HOSTS = new WeakMap<readonly Backend[], ReadonlySet<string>>();

/** Nodes that host a ready backend. */
function hostsOf(backends: readonly Backend[]): ReadonlySet<string> {
  const known = HOSTS.get(backends);
  if (known !== undefined) return known;
  const hosts = new Set(backends.flatMap(({ node, ready }) => (ready && node !== undefined ? [node] : [])));
  HOSTS.set(backends, hosts);
  return hosts;
}

const COUNTS = new WeakMap<readonly Backend[], BackendCounts>();

function countsOf(backends: readonly Backend[]): BackendCounts {
  const known = COUNTS.get(backends);
  if (known !== undefined) return known;
  const ready = backends.filter((backend) => backend.ready).length;
  const counts = { ready, unready: backends.length - ready };
  COUNTS.set(backends, counts);
  return counts;
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
    const isDualStack = new Set(selected.map(({ address }) => familyOf(address))).size > 1;
    return {
      locations: selected.map(({ withdrawn = false, ...place }) => ({ ...place, withdrawn, dnsError, isDualStack })),
      skipped: { ipv6_not_private: skipped.length, over_limit: overLimit },
    };
  };
  if (service.addresses.length > 0) return located(service.addresses, 0);
  const resolution = service.hostname === undefined ? undefined : resolve(service.hostname);
  if (resolution === undefined) return { locations: [], skipped: NONE_SKIPPED };
  if (resolution.kind === "resolved") return located(resolution.addresses, resolution.overLimit);
  const { detail, lastAddresses, overLimit } = resolution;
  if (lastAddresses.length > 0) return located(lastAddresses, overLimit, detail);
  const nowhere = { address: undefined, zone: undefined, withdrawn: false, dnsError: detail, isDualStack: false };
  return { locations: [nowhere], skipped: NONE_SKIPPED };
}

const frontendId = ({ service }: DiscoveredService, listener: Listener, address: string | undefined): string =>
  `${serviceKey(service)}:${listener.port}@${address ?? ""}`;
