/** Milliseconds for which it is remembered that a SYN got lost: loss comes in bursts. */
const REMEMBERED_MS = 60_000;
/** A connect that took longer had its first SYN or SYN-ACK lost: Linux sends either again after a second. */
const LOST_SYN_MS = 900;

/** Whether SYNs get lost on this network: connects that come about late show it. */
export class Loss {
  #lastMs = Number.NEGATIVE_INFINITY;

  /** @param connectMs - Milliseconds that a connect took. */
  note(connectMs: number, nowMs: number): void {
    if (connectMs > LOST_SYN_MS) this.#lastMs = nowMs;
  }

  isSeen(nowMs: number): boolean {
    return nowMs - this.#lastMs < REMEMBERED_MS;
  }
}
