import type { Clock } from "../domain/clock.ts";
import type { Reading } from "./counters.ts";
import { locateRetransmissions, type RetransmissionBurst } from "./retransmissions.ts";
import { Strangers } from "./strangers.ts";
import type { Suspect } from "./suspect.ts";
import type { Resets } from "./unexplained.ts";

export interface ClearanceOptions {
  readonly clock: Clock;
  /** Whether somebody else in this network namespace connects, too, so that the counters are not the tracker's alone. */
  readonly isDisturbed?: () => boolean;
  /** Resets a second that somebody else in this network namespace is known to cause at most, as an agent does beside a check. */
  readonly tolerated?: number;
  /** It is seen that this is no longer so, or is so again, that all resets are such as the connects can have caused. */
  readonly onQuiet?: (isQuiet: boolean) => void;
}

/** Whether the counters are the tracker's alone, and since when. */
export class Clearance {
  readonly strangers: Strangers;
  readonly #options: ClearanceOptions;
  /** Until then somebody else was known to connect from here; infinite: they still do. */
  #sharedUntilMs = Number.NEGATIVE_INFINITY;
  #wasQuiet = true;
  /** What left before then may have been disturbed. */
  #sinceMs = Number.NEGATIVE_INFINITY;

  constructor(options: ClearanceOptions) {
    this.#options = options;
    this.strangers = new Strangers(options.tolerated);
  }

  /** Nobody was pending from one reading to the next: whatever was reset is a stranger's. */
  lookAtGap(last: Reading | undefined, reading: Reading): void {
    if (last === undefined || reading.resets === last.resets || last.atMs < this.#sharedUntil()) return;
    this.strangers.look([last, reading], [], []);
  }

  /**
   * Looks for strangers' resets among those that were read.
   *
   * @param suspects - All that may have hairpinned since the first reading.
   */
  look(
    readings: readonly Reading[],
    suspects: readonly Suspect[],
    bursts: readonly RetransmissionBurst[] = locateRetransmissions(readings, suspects).bursts,
  ): readonly Resets[] {
    // Of what others did who are known to be here nobody is to be told as of a stranger's.
    const isShared = (readings[0]?.atMs ?? Number.POSITIVE_INFINITY) < this.#sharedUntil();
    return isShared ? [] : this.strangers.look(readings, suspects, bursts);
  }

  /** Brings up to date what is clear, and tells if it has become quiet or unquiet. @returns whether anything that leaves now is clear. */
  update(): boolean {
    const nowMs = this.#options.clock.nowMs();
    const isQuiet = this.strangers.isQuiet(nowMs);
    if (isQuiet !== this.#wasQuiet) this.#options.onQuiet?.(isQuiet);
    this.#wasQuiet = isQuiet;
    if (this.#sharedUntil() > nowMs || !isQuiet) this.#sinceMs = Number.POSITIVE_INFINITY;
    else if (this.#sinceMs === Number.POSITIVE_INFINITY) this.#sinceMs = nowMs;
    return this.#sinceMs < Number.POSITIVE_INFINITY;
  }

  /** Whether nobody has disturbed what left then, or later. */
  isClearSince(ms: number): boolean {
    return ms >= this.#sinceMs;
  }

  #sharedUntil(): number {
    if (this.#options.isDisturbed?.() === true) this.#sharedUntilMs = Number.POSITIVE_INFINITY;
    else if (this.#sharedUntilMs === Number.POSITIVE_INFINITY) this.#sharedUntilMs = this.#options.clock.nowMs();
    return this.#sharedUntilMs;
  }
}
