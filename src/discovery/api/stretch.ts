import type { Clock } from "../../domain/clock.ts";
import { sleep } from "./sleep.ts";

/** How long work may hold the event loop at a stretch: attempts that start meanwhile start late. */
const MAX_STRETCH_MS = 4;

/** Lets others have the event loop when work has held it for long enough. */
export class Stretch {
  readonly #clock: Clock;
  #startMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#startMs = clock.nowMs();
  }

  restart(): void {
    this.#startMs = this.#clock.nowMs();
  }

  async breathe(signal: AbortSignal): Promise<void> {
    if (this.#clock.nowMs() - this.#startMs < MAX_STRETCH_MS) return;
    await sleep(0, this.#clock, signal);
    signal.throwIfAborted();
    this.restart();
  }
}
