import type { Reading } from "./counters.ts";
import type { RetransmissionBurst } from "./retransmissions.ts";
import type { Suspect } from "./suspect.ts";
import { type Resets, unexplainedResets } from "./unexplained.ts";

/** How long strangers' resets are counted together, in milliseconds. */
const TOGETHER_MS = 10_000;
/** One or two may be a peer that still talked when its connection was closed, and cannot pass for a hairpin, which makes one for each SYN. */
const LEAST = 3;
/** Beside many of our own a few are answers that came later than any before them. */
const LEAST_SHARE = 0.01;
/** After the last of them evidence is off for so long: scans pause, and come back. */
const HOLD_MS = 60_000;
/** Excuses are kept for as long as they can be of use. */
const MAX_EXCUSES = 1_000;

/** What our own connections bring that are closed too early comes within a while, and most of it soon. */
const EXPECTED_MS = 20_000;

/**
 * Whether the counter of resets is ours alone.
 *
 * A SYN to a port on which nobody listens moves the same counters as a stray SYN-ACK does (InSegs, OutSegs, OutRsts, by one each), so that no
 * single one can be told. But strangers do not wait for our SYNs: most of theirs come when none of ours can have caused any, which in a
 * quiet namespace never happens.
 */
export class Strangers {
  readonly #least: number;
  #seen: readonly Resets[] = [];
  #excused: Resets[] = [];
  #expected: Resets[] = [];
  #untilMs = Number.NEGATIVE_INFINITY;

  /** @param tolerated - Strangers' resets a second that are known to come. */
  constructor(tolerated = 0) {
    this.#least = Math.max(LEAST, (tolerated * TOGETHER_MS) / 1_000);
  }

  /** A socket of ours was closed at some time; until another its peer may still answer. */
  excuse(resets: Resets): void {
    this.#excused.push(resets);
    if (this.#excused.length > MAX_EXCUSES) this.#excused.splice(0, MAX_EXCUSES / 2);
  }

  /** About so many resets will come that are ours, and that no SYN explains. */
  expect(count: number, nowMs: number): void {
    this.#expected = this.#expected.filter(({ untilMs }) => untilMs > nowMs);
    this.#expected.push({ sinceMs: nowMs, untilMs: nowMs + EXPECTED_MS, count });
  }

  /**
   * Looks for resets that nobody of ours can have caused; what was found before in the same time is forgotten.
   *
   * @param readings - At least two, by time.
   * @param suspects - All that may have hairpinned since the first of them.
   * @returns what there was of others'.
   */
  look(readings: readonly Reading[], suspects: readonly Suspect[], bursts: readonly RetransmissionBurst[]): readonly Resets[] {
    const [first, last] = [readings[0], readings.at(-1)];
    if (first === undefined || last === undefined) return [];
    const all = last.resets - first.resets;
    const found = all === 0 ? [] : unexplainedResets(readings, suspects, bursts, this.#excused);
    const isRecent = ({ untilMs }: Resets): boolean => untilMs > last.atMs - TOGETHER_MS;
    this.#excused = this.#excused.filter(isRecent);
    this.#seen = [...this.#seen.filter(({ untilMs }) => untilMs <= first.atMs), ...found].filter(isRecent);
    const count = countOf(this.#seen) - countOf(this.#expected.filter(({ untilMs }) => untilMs > last.atMs));
    // Where nothing was read for longer, they may have come at any time of it.
    const togetherMs = Math.max(TOGETHER_MS, last.atMs - (this.#seen[0]?.sinceMs ?? last.atMs));
    const isMany = (count * TOGETHER_MS) / togetherMs >= this.#least && count >= LEAST_SHARE * all;
    if (isMany) this.#untilMs = (this.#seen.at(-1)?.untilMs ?? last.atMs) + HOLD_MS;
    return found;
  }

  /** Whether nobody else's resets have been seen for a while. */
  isQuiet(nowMs: number): boolean {
    return nowMs >= this.#untilMs;
  }
}

const countOf = (resets: readonly Resets[]): number => resets.reduce((sum, { count }) => sum + count, 0);
