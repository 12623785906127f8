import { Resolver as DnsResolver } from "node:dns/promises";
import type { Clock } from "../../domain/clock.ts";
import type { Resolution } from "../../domain/frontend.ts";
import { type Answer, lookUp } from "./lookup.ts";
import { type Kept, keepThroughFailure, keepWithdrawn, NOTHING_KEPT, nextToGo } from "./withdrawn.ts";

export interface ResolverOptions {
  /** `address` or `address:port`; absent: the system's. */
  readonly servers?: readonly string[];
  /** Milliseconds a server that was not asked before has for its first answer, and how often each is asked. */
  readonly timeoutMs?: number;
  readonly tries?: number;
  /** Milliseconds that an address stays in use after its name stopped answering with it; 0: it goes at once. */
  readonly withdrawnGraceMs: number;
  readonly clock: Clock;
  /** From 0 to 1, 1 excluded. */
  readonly random: () => number;
  /** Ends all questions. */
  readonly signal: AbortSignal;
  /** A name was resolved, in this many seconds. */
  readonly onResolved: (resolved: { readonly hostname: string; readonly seconds: number }) => void;
  /** What DNS says about some name is not what it was: `resolution` tells. */
  readonly onChange: () => void;
  /** A name failed, or has more addresses than are used. Once, until it changes. */
  readonly onError: (error: Error) => void;
}

export interface Resolver {
  /** Keeps these names fresh, and no others. Values: the zones to look for. */
  want(names: ReadonlyMap<string, readonly string[]>): void;
  /** @returns `undefined` as long as a name has not been answered for the first time, or is not wanted. */
  resolution(hostname: string): Resolution | undefined;
}

/** A zonal NLB has an address or two a zone; whatever is beyond this is a mistake, or worse. */
export const MAX_ADDRESSES = 64;
const DEFAULT_TIMEOUT_MS = 1_000;
/**
 * c-ares gives a server that was quick so far only 250 ms, doubles that with each try, takes up to half of it off at random, and
 * may drop answers to tries that it gave up. Names that a slow server further up answers need tries enough to get to timeouts of a
 * second and more: with two tries, most that take 600 ms fail. A name that nobody answers has failed after 4 to 10 s (and twice
 * that where two servers are asked), as in the C library, which takes 10 s.
 */
const DEFAULT_TRIES = 5;
const MAX_TIMEOUT_MS = 2_000;
const TTL_SECONDS = { min: 1, max: 60 } as const;
/** After a failure; drawn from this range. */
const RETRY_MS = { min: 2_000, max: 4_000 } as const;
/**
 * Names that are wanted at the same time are first asked for one after the other: VPC resolvers take 1,024 packets a second, and
 * what a socket does not take of a burst can wait up to a second in c-ares.
 */
const SPREAD_MS_PER_NAME = 10;
const MAX_SPREAD_MS = 10_000;

/** One name and what is known of it. */
interface Entry {
  readonly hostname: string;
  zones: readonly string[];
  resolution: Resolution | undefined;
  /** The addresses in use. One does not change its zone, so that its zone is asked for once. */
  kept: Kept;
  /** Cancels the next question; `undefined` while one is being asked. */
  cancelTimer: (() => void) | undefined;
  /** What was last reported; nothing is reported twice in a row. */
  reported: string | undefined;
}

/**
 * Keeps names resolved in the background, each on its own and as its TTL says (between 1 and 60 s).
 *
 * It asks with c-ares and not with the C library: questions do not queue for threads, so that a dead server delays nobody else,
 * and they carry the TTL. Of several servers it asks the one with the fewest failures in a row first: where one is dead, each
 * question that is under way costs one timeout, and then none does until the server has been found to answer again, which c-ares
 * tries from time to time (every 5 s, one question in ten) beside a question to a good one. `/etc/hosts` and search domains do not count: the names of load balancers are absolute.
 */
export function createResolver(options: ResolverOptions): Resolver {
  const { clock, random, signal, onResolved, onChange, onError } = options;
  const dns = new DnsResolver({
    timeout: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    tries: options.tries ?? DEFAULT_TRIES,
    maxTimeout: MAX_TIMEOUT_MS,
  });
  if (options.servers !== undefined) dns.setServers([...options.servers]);
  const entries = new Map<string, Entry>();
  const rules = { graceMs: options.withdrawnGraceMs, max: MAX_ADDRESSES };

  const forget = (entry: Entry): void => {
    entry.cancelTimer?.();
    entries.delete(entry.hostname);
  };
  const isCurrent = (entry: Entry): boolean => !signal.aborted && entries.get(entry.hostname) === entry;
  const schedule = (entry: Entry, ms: number): void => {
    entry.cancelTimer = clock.after(ms, () => void refresh(entry));
  };

  async function refresh(entry: Entry): Promise<void> {
    entry.cancelTimer = undefined;
    const startedMs = clock.nowMs();
    const answer = await lookUp(dns, entry.hostname, entry.zones, zonesIn(entry.kept), clock);
    if (!isCurrent(entry)) return;
    if (answer.kind === "resolved") onResolved({ hostname: entry.hostname, seconds: answer.seconds });
    report(entry, answer);
    const nowMs = clock.nowMs();
    entry.kept =
      answer.kind === "resolved"
        ? keepWithdrawn(entry.kept, answer.addresses, nowMs, rules)
        : keepThroughFailure(entry.kept, nowMs, rules);
    const resolution = resolutionOf(answer, entry.kept);
    const isNews = JSON.stringify(resolution) !== JSON.stringify(entry.resolution);
    entry.resolution = resolution;
    schedule(entry, Math.min(Math.max(0, waitMs(answer) - (nowMs - startedMs)), msUntilGone(entry.kept, nowMs)));
    if (isNews) onChange();
  }

  function report(entry: Entry, answer: Answer): void {
    const problem =
      answer.kind === "failed"
        ? answer.detail
        : answer.addresses.length > MAX_ADDRESSES
          ? `${answer.addresses.length} addresses; only the first ${MAX_ADDRESSES} are used`
          : undefined;
    if (problem !== undefined && problem !== entry.reported) onError(new Error(`${entry.hostname}: ${problem}`));
    entry.reported = problem;
  }

  function waitMs(answer: Answer): number {
    if (answer.kind === "failed") return RETRY_MS.min + random() * (RETRY_MS.max - RETRY_MS.min);
    return Math.min(TTL_SECONDS.max, Math.max(TTL_SECONDS.min, answer.ttlSeconds)) * 1000;
  }

  /** A withdrawn address goes in its own time, not only with the next answer that is due: DNS gets the last word on it. */
  function msUntilGone(kept: Kept, nowMs: number): number {
    return Math.max(TTL_SECONDS.min * 1000, nextToGo(kept, nowMs, rules) ?? Number.POSITIVE_INFINITY);
  }

  function add(hostname: string, zones: readonly string[], delayMs: number): void {
    const entry: Entry = {
      hostname,
      zones,
      resolution: undefined,
      kept: NOTHING_KEPT,
      cancelTimer: undefined,
      reported: undefined,
    };
    entries.set(hostname, entry);
    schedule(entry, delayMs);
  }

  /** A zone that was not known before may be the one of an address whose zone is not: no need to wait for the TTL. */
  function update(entry: Entry, zones: readonly string[]): void {
    const isNew = zones.some((zone) => !entry.zones.includes(zone));
    entry.zones = zones;
    const { resolution } = entry;
    const isOpen = resolution?.kind === "resolved" && resolution.addresses.some(({ zone }) => zone === undefined);
    if (!isNew || !isOpen || entry.cancelTimer === undefined) return;
    entry.cancelTimer();
    schedule(entry, 0);
  }

  signal.addEventListener(
    "abort",
    () => {
      for (const entry of entries.values()) entry.cancelTimer?.();
      dns.cancel();
    },
    { once: true },
  );

  return {
    want(names) {
      for (const entry of [...entries.values()]) if (!names.has(entry.hostname)) forget(entry);
      if (signal.aborted) return;
      const added = [...names.keys()].filter((hostname) => !entries.has(hostname));
      const spreadMs = Math.min(MAX_SPREAD_MS, (added.length - 1) * SPREAD_MS_PER_NAME);
      for (const [hostname, zones] of names) {
        const entry = entries.get(hostname);
        if (entry === undefined) add(hostname, zones, random() * spreadMs);
        else update(entry, zones);
      }
    },
    resolution: (hostname) => entries.get(hostname)?.resolution,
  };
}

const resolutionOf = (answer: Answer, { addresses, overLimit }: Kept): Resolution =>
  answer.kind === "resolved"
    ? { kind: "resolved", addresses, overLimit }
    : { kind: "failed", detail: answer.detail, lastAddresses: addresses, overLimit };

const zonesIn = ({ addresses }: Kept): ReadonlyMap<string, string> =>
  new Map(addresses.flatMap(({ address, zone }) => (zone === undefined ? [] : [[address, zone] as const])));
