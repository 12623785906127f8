/** More texts than this, and it starts anew: nodes come and go for as long as an agent lives. */
const MAX_TEXTS = 20_000;

/** Keeps one copy of each text: a hundred thousand endpoints name a few hundred nodes and three zones. */
export class Interner {
  readonly #texts = new Map<string, string>();

  of(text: string): string {
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    if (this.#texts.size >= MAX_TEXTS) this.#texts.clear();
    this.#texts.set(text, text);
    return text;
  }
}
