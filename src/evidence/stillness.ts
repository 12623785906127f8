import type { Reading } from "./counters.ts";
import { firstReading } from "./retransmissions.ts";
import type { Suspect } from "./suspect.ts";

/**
 * Whether the counter stood still whenever the reset to one of a suspect's SYNs can have come: then none came, whatever others did and
 * whatever was lost on the way.
 */
export function stoodStill(readings: readonly Reading[], { sentMs, readMs, answer, resends, endMs }: Suspect): boolean {
  const last = readings.length - 1;
  const lastMs = readings[last]?.atMs ?? Number.NEGATIVE_INFINITY;
  const isStill = (from: number, untilMs: number): boolean =>
    readings[from]?.resets === readings[Math.min(last, firstReading(readings, untilMs))]?.resets;
  const before = firstReading(readings, readMs);
  if (readings[before]?.atMs !== readMs || sentMs + answer.withinMs > lastMs || !isStill(before, sentMs + answer.withinMs)) {
    return false;
  }
  return resends.every(({ earliestMs, latestMs }) => {
    if (earliestMs >= (endMs ?? lastMs)) return true;
    const after = firstReading(readings, earliestMs);
    return isStill(readings[after]?.atMs === earliestMs ? after : after - 1, latestMs + answer.withinMs);
  });
}
