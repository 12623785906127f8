import type { BeginningConnect } from "../domain/evidence.ts";

/** Milliseconds after a SYN between which the reset to a stray SYN-ACK can come, if one does. */
export interface AnswerWindow {
  readonly fromMs: number;
  readonly withinMs: number;
}

/**
 * Connect times that are looked back at, of one frontend and of all: enough for a share of one in ten, few enough to follow a change. Of all
 * the slowest quarter is left out: a loop that was busy takes some for slow that were not.
 */
const REMEMBERED = 16;
const REMEMBERED_OF_ALL = 128;
/** With fewer the others' times speak for a frontend, too. */
const ENOUGH = 4;
const LEAST_MS = 2.5;
/** Then a SYN is sent again, and its answer cannot be told from that. Connects that took as long say nothing about the round trip. */
const LOST_SYN_MS = 900;
/** What slow answers may be late by besides; three times their time is enough where they are quick. */
const MARGIN_MS = 100;
/** A hairpin saves the way to another node and back: it is not quicker than by this. */
const LEAST_SHARE = 0.3;
/** Below, it is not worth telling what comes too early from what does not. */
const EARLY_MS = 10;
/** Frontends that are remembered at most; whoever was not answered for longest is forgotten. */
const MAX_FRONTENDS = 10_000;

/** Nothing is known: then anything may be, until the SYN is sent again. */
const UNKNOWN: AnswerWindow = { fromMs: 0, withinMs: LOST_SYN_MS };

/**
 * How long after a SYN the reset to a stray SYN-ACK can come: it follows the connect times that are seen of each frontend, since the way
 * to the NLB and back through the own node is about as long as the way to a backend. For a frontend that never answers those of the
 * others speak.
 */
export class AnswerWindows {
  readonly #all = new RecentTimes(REMEMBERED_OF_ALL, 0.75);
  readonly #byFrontend = new Map<string, RecentTimes>();

  /** @param connectMs - Milliseconds that a connect took. */
  note(connect: BeginningConnect, connectMs: number): void {
    if (connectMs > LOST_SYN_MS) return;
    this.#all.note(connectMs);
    const key = keyOf(connect);
    const own = this.#byFrontend.get(key) ?? new RecentTimes(REMEMBERED, 0.9);
    own.note(connectMs);
    // The last one in is the last one to go.
    this.#byFrontend.delete(key);
    this.#byFrontend.set(key, own);
    if (this.#byFrontend.size > MAX_FRONTENDS) this.#byFrontend.delete(this.#byFrontend.keys().next().value ?? "");
  }

  /** Of one frontend. */
  of(connect: BeginningConnect): AnswerWindow {
    const own = this.#byFrontend.get(keyOf(connect));
    if (own === undefined) return this.#all.count === 0 ? UNKNOWN : this.#all.window;
    if (own.count >= ENOUGH) return own.window;
    const [few, all] = [own.window, this.#all.window];
    return { fromMs: Math.min(few.fromMs, all.fromMs), withinMs: Math.max(few.withinMs, all.withinMs) };
  }

  /** Whether a frontend has answered of late. */
  hasAnswered(connect: BeginningConnect): boolean {
    return this.#byFrontend.has(keyOf(connect));
  }

  /** Milliseconds after a SYN to a frontend when it is a good moment to read the counters. */
  waitMs(connect: BeginningConnect): number {
    return this.#all.count === 0 ? LEAST_MS : this.of(connect).withinMs;
  }

  /** Milliseconds by which most answers have come, whoever's: what first SYNs wait for, and readings are planned by. */
  get usualMs(): number {
    return this.#all.window.withinMs;
  }
}

/** Tells frontends apart. */
export const keyOf = ({ address, port }: BeginningConnect): string => `${address} ${port}`;

/** The last connect times, and what follows from them. */
class RecentTimes {
  readonly #times: number[] = [];
  readonly #size: number;
  readonly #slowShare: number;
  #count = 0;
  #window: AnswerWindow = { fromMs: 0, withinMs: LEAST_MS };
  #isStale = false;

  /** @param slowShare - Share of the times that the slow ones are slower than. */
  constructor(size: number, slowShare: number) {
    this.#size = size;
    this.#slowShare = slowShare;
  }

  get count(): number {
    return this.#count;
  }

  note(ms: number): void {
    this.#times[this.#count++ % this.#size] = ms;
    // To sort a hundred of them for each connect would cost more than it tells.
    this.#isStale ||= this.#size <= REMEMBERED || this.#count <= REMEMBERED || this.#count % REMEMBERED === 0;
  }

  get window(): AnswerWindow {
    if (this.#isStale) this.#window = windowOf(this.#times, this.#slowShare);
    this.#isStale = false;
    return this.#window;
  }
}

function windowOf(times: readonly number[], slowShare: number): AnswerWindow {
  const sorted = times.toSorted((a, b) => a - b);
  const slowMs = sorted[Math.floor(sorted.length * slowShare)] ?? 0;
  const earliestMs = LEAST_SHARE * (sorted[0] ?? 0);
  return {
    fromMs: earliestMs < EARLY_MS ? 0 : earliestMs,
    // What is read too early counts as silence.
    withinMs: Math.min(LOST_SYN_MS, Math.max(LEAST_MS, slowMs + Math.min(2 * slowMs + 1, MARGIN_MS))),
  };
}
