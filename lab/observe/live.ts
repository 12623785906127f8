/** Where a live display goes: a terminal is drawn over, anything else gets a block now and then. */
export interface Screen {
  readonly write: (text: string) => void;
  readonly isTerminal: boolean;
}

/** How often a display that cannot be drawn over is printed again. */
const BLOCK_EVERY_MS = 10_000;

/** Shows a block of text that changes. */
export class LiveBlock {
  readonly #screen: Screen;
  readonly #nowMs: () => number;
  #lines = 0;
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor(screen: Screen, nowMs: () => number) {
    this.#screen = screen;
    this.#nowMs = nowMs;
  }

  show(block: string): void {
    if (!this.#screen.isTerminal) {
      if (this.#nowMs() - this.#lastMs < BLOCK_EVERY_MS) return;
      this.#lastMs = this.#nowMs();
      this.#screen.write(`${block}\n\n`);
      return;
    }
    // Up over what was drawn last, and clear from there (ECMA-48: CPL, ED).
    const up = this.#lines === 0 ? "" : `\u001b[${this.#lines}F\u001b[J`;
    this.#screen.write(`${up}${block}\n`);
    this.#lines = block.split("\n").length;
  }

  /** Shows it a last time, whatever was shown before, and leaves it standing. */
  finish(block: string): void {
    this.#lastMs = Number.NEGATIVE_INFINITY;
    this.show(block);
    this.#lines = 0;
    if (this.#screen.isTerminal) this.#screen.write("\n");
  }
}
