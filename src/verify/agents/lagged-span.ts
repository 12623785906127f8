import type { Bounds } from "./observe.ts";
import type { Moment, Reading } from "./reading.ts";

/**
 * The span that begins with a reading, and grows with each that is added.
 *
 * An attempt that times out is counted later than one that began with it and succeeded. So both are counted over spans of the same length,
 * the timeouts' later by the lag: whatever the labels were before, the share that comes out is that of the attempts that began since.
 * Were only the attempts cut short, a new span would have more timeouts than attempts, and everything would look unfixed at first.
 */
export class LaggedSpan {
  readonly #first: Reading;
  readonly #lagMs: number;
  /** The last within the lag of the beginning, and the first that is not. */
  #timeoutsFrom: readonly [Reading, Reading | undefined];
  /** From the one that attempts are counted up to. */
  readonly #recent: Reading[];
  #last: Reading;

  constructor(first: Reading, lagMs: number) {
    this.#first = first;
    this.#lagMs = lagMs;
    this.#timeoutsFrom = [first, undefined];
    this.#recent = [first];
    this.#last = first;
  }

  add(reading: Reading): void {
    const [within, beyond] = this.#timeoutsFrom;
    if (reading.atMs <= this.#first.atMs + this.#lagMs) this.#timeoutsFrom = [reading, undefined];
    else if (beyond === undefined) this.#timeoutsFrom = [within, reading];
    this.#last = reading;
    this.#recent.push(reading);
    while (this.#recent[1] !== undefined && this.#recent[1].atMs <= reading.atMs - this.#lagMs) this.#recent.shift();
  }

  /** As long as it is not longer than the lag, they hold nothing between them. Readings are seldom where a bound is. */
  bounds(): Omit<Bounds, "answered"> {
    const [first, last] = [this.#first, this.#last];
    const [until, afterUntil] = this.#recent;
    const [within, beyond] = this.#timeoutsFrom;
    if (beyond === undefined || until === undefined) return { first, timeoutsFrom: last, attemptsUntil: first, last };
    const timeoutsFrom: Moment = { atMs: first.atMs + this.#lagMs, earlier: within, later: beyond };
    const attemptsUntil: Moment = { atMs: last.atMs - this.#lagMs, earlier: until, later: afterUntil ?? until };
    return { first, timeoutsFrom, attemptsUntil, last };
  }
}
