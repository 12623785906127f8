/** How long a label set that no longer applies stays, so that its last increments are scraped: five minutes. */
export const SERIES_GRACE_MS = 5 * 60_000;

/** A label set in use, or on its way out. */
interface Entry<Labels> {
  readonly labels: Labels;
  /** Milliseconds at which it is removed; `undefined`: it is in use. */
  expiresMs: number | undefined;
}

/** Label sets of one kind: each is created once it is wanted, and removed when nobody has wanted it for five minutes. */
export class LabelSets<Labels extends Readonly<Record<string, string>>> {
  readonly #entries = new Map<string, Entry<Labels>>();
  readonly #create: (labels: Labels) => void;
  readonly #remove: (labels: Labels) => void;

  constructor(create: (labels: Labels) => void, remove: (labels: Labels) => void) {
    this.#create = create;
    this.#remove = remove;
  }

  /** How many exist, those on their way out included. */
  get size(): number {
    return this.#entries.size;
  }

  /** Every label set that exists, and whether it is in use. */
  *all(): Generator<{ readonly labels: Labels; readonly isInUse: boolean }> {
    for (const { labels, expiresMs } of this.#entries.values()) yield { labels, isInUse: expiresMs === undefined };
  }

  /** Replaces what is wanted; the same label set more than once is one. */
  want(wanted: Iterable<Labels>, nowMs: number): void {
    const keys = new Set<string>();
    for (const labels of wanted) {
      const key = labelsKey(labels);
      keys.add(key);
      const entry = this.#entries.get(key);
      if (entry !== undefined) entry.expiresMs = undefined;
      else {
        this.#entries.set(key, { labels, expiresMs: undefined });
        this.#create(labels);
      }
    }
    for (const [key, entry] of this.#entries) if (!keys.has(key)) entry.expiresMs ??= nowMs + SERIES_GRACE_MS;
  }

  /** Removes what has been out of use for long enough. */
  expire(nowMs: number): void {
    for (const [key, { labels, expiresMs }] of this.#entries) {
      if (expiresMs === undefined || expiresMs > nowMs) continue;
      this.#entries.delete(key);
      this.#remove(labels);
    }
  }

  /** @param key - The `labelsKey` of a label set. */
  has(key: string): boolean {
    return this.#entries.has(key);
  }
}

export const labelsKey = (labels: Readonly<Record<string, string>>): string => Object.values(labels).join("\u0000");
