/** More than this, and it starts anew: nodes come and go for as long as an agent lives. */
const MAX_KEPT = 20_000;

/** Keeps one copy of what is the same: a hundred thousand endpoints are on a few hundred nodes in three zones. */
export class Interner<T> {
  readonly #kept = new Map<string, T>();

  /** What is kept under this key, or else what is made now. */
  of(key: string, make: () => T): T {
    const known = this.#kept.get(key);
    if (known !== undefined) return known;
    if (this.#kept.size >= MAX_KEPT) this.#kept.clear();
    const made = make();
    this.#kept.set(key, made);
    return made;
  }
}
