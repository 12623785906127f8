import type { ZonalAddress } from "../../domain/frontend.ts";

/** The addresses of a name that are in use. */
export interface Kept {
  /** In the order of their text, each once, at most as many as were asked for. */
  readonly addresses: readonly ZonalAddress[];
  /** Since when the withdrawn ones among them are missing, in milliseconds of the caller's clock. */
  readonly missingSince: ReadonlyMap<string, number>;
  /** Addresses of the answer that there was no room for. */
  readonly overLimit: number;
}

export const NOTHING_KEPT: Kept = { addresses: [], missingSince: new Map(), overLimit: 0 };

/** How long, and how many. */
export interface KeepRules {
  readonly graceMs: number;
  readonly max: number;
}

/**
 * Adds to what DNS answers the addresses that it answered before and has withdrawn, for a grace period.
 *
 * An NLB takes a zone out of its name when a target group has no healthy target there, or when the zone is shifted away. Clients
 * go on with the address for as long as they hold it: what they meet there is worth knowing. Withdrawn ones fill the room that
 * the present ones leave, those that were withdrawn last first.
 *
 * @see AWS, NLB user guide, "Target groups", DNS failover.
 */
export function keepWithdrawn(before: Kept, present: readonly ZonalAddress[], nowMs: number, { graceMs, max }: KeepRules): Kept {
  const used = present.slice(0, max);
  const isPresent = new Set(present.map(({ address }) => address));
  const missing = before.addresses
    .filter(({ address }) => !isPresent.has(address))
    .map((address) => ({ ...address, withdrawn: true as const, since: before.missingSince.get(address.address) ?? nowMs }))
    .filter(({ since }) => nowMs - since < graceMs)
    .sort((a, b) => b.since - a.since)
    .slice(0, max - used.length);
  return {
    addresses: inOrder([...used, ...missing.map(({ address, zone, withdrawn }) => ({ address, zone, withdrawn }))]),
    missingSince: new Map(missing.map(({ address, since }) => [address, since])),
    overLimit: present.length - used.length,
  };
}

/** What is left when nothing was answered: a failure withdraws nothing, but what was withdrawn before still goes in its time. */
export const keepThroughFailure = (before: Kept, nowMs: number, rules: KeepRules): Kept => {
  const present = before.addresses.filter(({ address }) => !before.missingSince.has(address));
  return { ...keepWithdrawn(before, present, nowMs, rules), overLimit: before.overLimit };
};

/** Milliseconds until the first of the withdrawn addresses goes; `undefined`: there is none. */
export function nextToGo({ missingSince }: Kept, nowMs: number, { graceMs }: KeepRules): number | undefined {
  const since = Math.min(...missingSince.values());
  return Number.isFinite(since) ? since + graceMs - nowMs : undefined;
}

const inOrder = (addresses: readonly ZonalAddress[]): readonly ZonalAddress[] =>
  addresses.toSorted((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0));
