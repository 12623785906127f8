import type { Clock } from "../../domain/clock.ts";

/** A connection on which nothing came for too long: it may be dead without anyone having said so. */
export class IdleError extends Error {
  override readonly name = "IdleError";
  readonly idleMs: number;
  constructor(idleMs: number) {
    super(`nothing was heard for ${idleMs} ms`);
    this.idleMs = idleMs;
  }
}

/**
 * A signal that aborts when its parent does, or when nobody touched the guard for a while.
 *
 * Touching is cheap, for it happens with each chunk: it notes the time, and the one timer looks at it when it fires.
 */
export class IdleGuard implements Disposable {
  readonly #controller = new AbortController();
  readonly #parent: AbortSignal;
  readonly #clock: Clock;
  #idleMs: number;
  readonly #onParentAbort = (): void => this.#controller.abort(this.#parent.reason);
  #touchedMs: number;
  #cancelTimer: () => void;

  constructor(idleMs: number, clock: Clock, parent: AbortSignal) {
    this.#idleMs = idleMs;
    this.#clock = clock;
    this.#parent = parent;
    this.#touchedMs = clock.nowMs();
    this.#cancelTimer = clock.after(idleMs, () => this.#look());
    if (parent.aborted) this.#onParentAbort();
    else parent.addEventListener("abort", this.#onParentAbort, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  touch(): void {
    this.#touchedMs = this.#clock.nowMs();
  }

  /** From now on, silence may last this long. */
  relax(idleMs: number): void {
    this.#idleMs = idleMs;
    this.touch();
  }

  [Symbol.dispose](): void {
    this.#cancelTimer();
    this.#parent.removeEventListener("abort", this.#onParentAbort);
  }

  #look(): void {
    const leftMs = this.#touchedMs + this.#idleMs - this.#clock.nowMs();
    if (leftMs > 0) this.#cancelTimer = this.#clock.after(leftMs, () => this.#look());
    else this.#controller.abort(new IdleError(this.#idleMs));
  }
}
