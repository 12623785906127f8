import type { BeginningConnect } from "../domain/evidence.ts";
import { type AnswerWindow, AnswerWindows } from "./answer-window.ts";
import type { Reading } from "./counters.ts";
import { Lags, lagOf } from "./lags.ts";
import { Loss } from "./loss.ts";
import type { Suspect } from "./suspect.ts";

/** What is known of how this network answers SYNs: how soon, and whether always. */
export class Answers {
  readonly #windows = new AnswerWindows();
  readonly #lags = new Lags();
  readonly #loss = new Loss();

  /** A connect came about, or was refused, after so many milliseconds. */
  note(connect: BeginningConnect, connectMs: number, nowMs: number): void {
    this.#windows.note(connect, connectMs);
    this.#loss.note(connectMs, nowMs);
  }

  /** Learns from a connect that hairpinned. */
  learn(connect: BeginningConnect, readings: readonly Reading[], suspect: Suspect): void {
    const lag = lagOf(readings, suspect);
    if (lag !== undefined) this.#lags.note(connect, lag);
  }

  /** Resets came that fit nobody: the way may have become another. */
  forget(): void {
    this.#lags.forget();
  }

  /** When the resets to stray answers from a frontend can come. */
  windowOf(connect: BeginningConnect): AnswerWindow {
    return this.#lags.narrowed(connect, this.#windows.of(connect), this.#windows.hasAnswered(connect));
  }

  /** Milliseconds after a SYN to a frontend when it is a good moment to read the counters. */
  waitMs(connect: BeginningConnect): number {
    return this.#windows.waitMs(connect);
  }

  /** Milliseconds by which most answers have come, whoever's. */
  get usualMs(): number {
    return this.#windows.usualMs;
  }

  /** Whether SYNs got lost of late. */
  isLossy(nowMs: number): boolean {
    return this.#loss.isSeen(nowMs);
  }
}
