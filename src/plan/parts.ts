import type { Exposure } from "../domain/exposure.ts";

/** One of the target groups that a listener forwards to: its share of the connections, and how many of those hairpin. */
export interface Part {
  /** 0 to 1; `undefined`: not known. */
  readonly weight: number | undefined;
  readonly exposure: Exposure;
}

/**
 * How many of all connections hairpin.
 *
 * @returns `undefined` where that turns on what is not known: weights do not matter among parts that are alike.
 */
export function shareOfParts(parts: readonly Part[]): Exposure {
  const used = parts.filter(({ weight }) => weight !== 0);
  let sum = 0;
  for (const { weight, exposure } of used) {
    if (exposure === undefined) return undefined;
    sum += exposure * (weight ?? Number.NaN);
  }
  if (!Number.isNaN(sum)) return sum;
  const [first] = used;
  return used.every(({ exposure }) => exposure === first?.exposure) ? first?.exposure : undefined;
}
