/** What one Service's frontends would take, were nothing bounded. */
export interface Need {
  readonly service: string;
  /** Above 0. */
  readonly attemptsPerSecond: number;
}

export interface Shares {
  /** All together, attempts a second. */
  readonly needed: number;
  /** By Service: how many times as long its intervals are; only those above 1. */
  readonly stretch: ReadonlyMap<string, number>;
}

/**
 * Shares the attempts that an agent may make a second among Services: each gets what it needs, or as much as any other (max-min
 * fairness). No Service is dropped, and one with hundreds of ports slows down itself before it slows down others.
 *
 * @param limit - Attempts a second.
 * @see Bertsekas and Gallager, "Data Networks", section 6.5.2.
 */
export function shareOut(needs: readonly Need[], limit: number): Shares {
  const needed = needs.reduce((sum, { attemptsPerSecond }) => sum + attemptsPerSecond, 0);
  if (needed <= limit) return { needed, stretch: new Map() };
  let left = limit;
  const ascending = needs.toSorted((a, b) => a.attemptsPerSecond - b.attemptsPerSecond);
  for (const [i, { attemptsPerSecond }] of ascending.entries()) {
    const level = left / (ascending.length - i);
    if (attemptsPerSecond <= level) {
      left -= attemptsPerSecond;
      continue;
    }
    // All that follow need at least as much, and get the same.
    const stretch = ascending.slice(i).map((need) => [need.service, need.attemptsPerSecond / level] as const);
    return { needed, stretch: new Map(stretch) };
  }
  return { needed, stretch: new Map() };
}

/**
 * Fits what is scheduled into the budget.
 *
 * @param items - Each with its Service, and in how many intervals it is to be attempted once.
 * @param limit - Attempts a second.
 * @returns the items, those of Services that need too much less often; what they would take, and how many Services are slowed down.
 */
export function paceOf<T extends { readonly service: string; readonly everyNth: number }>(
  items: readonly T[],
  intervalMs: number,
  limit: number,
): { readonly paced: readonly T[]; readonly needed: number; readonly slowed: number } {
  const perSecond = new Map<string, number>();
  for (const { service, everyNth } of items)
    perSecond.set(service, (perSecond.get(service) ?? 0) + 1000 / (intervalMs * everyNth));
  const needs = [...perSecond].map(([service, attemptsPerSecond]) => ({ service, attemptsPerSecond }));
  const { needed, stretch } = shareOut(needs, limit);
  const paced = items.map((item) => ({ ...item, everyNth: item.everyNth * (stretch.get(item.service) ?? 1) }));
  return { paced, needed, slowed: stretch.size };
}

/**
 * Attempts a second that are allowed: those that were set, or fewer, so that attempts in flight fit into their own bound even when all
 * of them take as long as an attempt can.
 *
 * @param longestMs - How long that is.
 */
export const rateLimit = (maxPerSecond: number, maxInFlight: number, longestMs: number): number =>
  Math.min(maxPerSecond, maxInFlight / (longestMs / 1000));
