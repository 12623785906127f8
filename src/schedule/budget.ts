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
 * Attempts a second that are allowed: those that were set, or fewer, so that attempts in flight fit into their own bound even when all
 * of them take as long as an attempt can.
 *
 * @param longestMs - How long that is.
 */
export const rateLimit = (maxPerSecond: number, maxInFlight: number, longestMs: number): number =>
  Math.min(maxPerSecond, maxInFlight / (longestMs / 1000));
