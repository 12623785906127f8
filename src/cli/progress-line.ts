import type { Paint } from "../terminal/text.ts";

/** Milliseconds between two texts: more nobody reads. */
const SHOW_EVERY_MS = 100;

/** One line on a terminal that is written over and over; on anything else there is none. */
export class ProgressLine {
  readonly #stream: NodeJS.WriteStream;
  readonly #paint: Paint;
  readonly #nowMs: () => number;
  #lastMs = Number.NEGATIVE_INFINITY;

  /** @param nowMs - Monotonic milliseconds. */
  constructor(stream: NodeJS.WriteStream, paint: Paint, nowMs: () => number) {
    this.#stream = stream;
    this.#paint = paint;
    this.#nowMs = nowMs;
  }

  /** @param text - Made only if it is shown. */
  show(text: () => string): void {
    const nowMs = this.#nowMs();
    if (!this.#stream.isTTY || nowMs - this.#lastMs < SHOW_EVERY_MS) return;
    this.#lastMs = nowMs;
    // Back to the beginning of the line, and clear from there (ECMA-48: CR, EL).
    this.#stream.write(`\r\u001b[K${this.#paint("dim", text().slice(0, Math.max(20, this.#stream.columns - 1)))}`);
  }

  clear(): void {
    if (this.#stream.isTTY) this.#stream.write("\r\u001b[K");
  }
}
