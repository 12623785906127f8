/** Connect times that are looked back at: enough for a share of one in ten, few enough to follow a change. */
const REMEMBERED = 128;
const LEAST_MS = 2.5;
const MOST_MS = 50;
/** Connects that took as long as a lost SYN say nothing about the round trip. */
const LOST_SYN_MS = 900;

/**
 * How long after a SYN the reset to a stray SYN-ACK can come: it follows the connect times that are seen, since the way to the NLB and
 * back through the own node is about as long as the way to a backend.
 */
export class AnswerWindow {
  readonly #times = new Float64Array(REMEMBERED);
  #count = 0;
  #windowMs = LEAST_MS;

  /** @param connectMs - Milliseconds that a connect took. */
  note(connectMs: number): void {
    if (connectMs > LOST_SYN_MS) return;
    this.#times[this.#count++ % REMEMBERED] = connectMs;
    if (this.#count % 16 !== 0 && this.#count > 16) return;
    // Once it is full, that is all of it.
    const known = this.#times.subarray(0, this.#count);
    const slow = known.toSorted()[Math.floor(known.length * 0.9)] ?? 0;
    // Three times the slow ones: what is read too early counts as silence.
    this.#windowMs = Math.min(MOST_MS, Math.max(LEAST_MS, 3 * slow + 1));
  }

  /** Milliseconds, 2.5 to 50. */
  get ms(): number {
    return this.#windowMs;
  }
}
