/** How long stray answers really took, as far as it is seen: it makes the windows of those that follow narrower. */
import type { BeginningConnect } from "../domain/evidence.ts";
import { type AnswerWindow, keyOf } from "./answer-window.ts";
import type { Reading } from "./counters.ts";
import { firstReading } from "./retransmissions.ts";
import type { Suspect } from "./suspect.ts";

/** From a SYN to the reset that it caused, in milliseconds: at least, at most. */
export interface Lag {
  readonly leastMs: number;
  readonly mostMs: number;
}

/** Readings that are further apart do not tell. */
const CLOSE_MS = 25;
/** Where all answer so soon, connects hardly overlap. */
const QUICK_MS = 20;
const ENOUGH = 6;
const REMEMBERED = 16;
/** What others may be longer or shorter by than those that were seen. */
const SLACK = 0.1;
const LEAST_SLACK_MS = 10;
/** And by this part of what those differed by; where they differ by more than this share the next one may be anything. */
const SPREAD_SLACK = 0.5;
const MOST_SPREAD = 0.3;
const MAX_FRONTENDS = 1_000;

/** The lag of a hairpin's first SYN, if there was but one reset in its window, and readings close to it. */
export function lagOf(readings: readonly Reading[], { sentMs, answer }: Suspect): Lag | undefined {
  const from = Math.max(1, firstReading(readings, sentMs + answer.fromMs));
  const to = Math.min(readings.length - 1, firstReading(readings, sentMs + answer.withinMs));
  let lag: Lag | undefined;
  for (let i = from; i <= to; i++) {
    const [before, after] = [readings[i - 1], readings[i]];
    if (before === undefined || after === undefined || before.resets === after.resets) continue;
    if (lag !== undefined || after.resets - before.resets > 1) return undefined;
    lag = { leastMs: Math.max(0, before.atMs - sentMs), mostMs: after.atMs - sentMs };
  }
  return lag !== undefined && lag.mostMs - lag.leastMs <= CLOSE_MS ? lag : undefined;
}

/** The last lags of each frontend, and of all together. */
export class Lags {
  readonly #all: Lag[] = [];
  readonly #byFrontend = new Map<string, Lag[]>();

  note(connect: BeginningConnect, lag: Lag): void {
    const key = keyOf(connect);
    const lags = this.#byFrontend.get(key) ?? [];
    if (lags.push(lag) > REMEMBERED) lags.shift();
    if (this.#all.push(lag) > REMEMBERED) this.#all.shift();
    if (this.#byFrontend.size < MAX_FRONTENDS || lags.length > 1) this.#byFrontend.set(key, lags);
  }

  /** Where resets came that fit nobody the way may have become another. */
  forget(): void {
    this.#byFrontend.clear();
    this.#all.length = 0;
  }

  /**
   * A window as narrow as what was seen lets it be.
   *
   * @param hasAnswered - Whether it is of that frontend's own answers; for others everybody's lags speak, too.
   */
  narrowed(connect: BeginningConnect, window: AnswerWindow, hasAnswered: boolean): AnswerWindow {
    if (window.withinMs <= QUICK_MS) return window;
    const own = this.#byFrontend.get(keyOf(connect)) ?? [];
    const lags = own.length < ENOUGH && !hasAnswered ? this.#all : own;
    if (lags.length < ENOUGH) return window;
    const leastMs = Math.min(...lags.map((lag) => lag.leastMs));
    const mostMs = Math.max(...lags.map((lag) => lag.mostMs));
    if (mostMs - leastMs > MOST_SPREAD * mostMs) return window;
    const slackMs = Math.max(LEAST_SLACK_MS, SLACK * mostMs, SPREAD_SLACK * (mostMs - leastMs));
    return {
      fromMs: Math.max(window.fromMs, leastMs - slackMs),
      withinMs: Math.min(window.withinMs, mostMs + slackMs),
    };
  }
}
