import type { Clock } from "../domain/clock.ts";
import type { BeginningConnect, ConnectWatch, ConnectWatcher, Evidence, WatchConnect } from "../domain/evidence.ts";
import { AnswerWindow } from "./answer-window.ts";
import { type Attribution, attribute, type Suspect } from "./attribute.ts";
import type { Counters, Reading } from "./counters.ts";
import { locateRetransmissions, type Retransmission } from "./retransmissions.ts";
import { type Awaiting, assignSynAck } from "./stray-syn-ack.ts";
import type { SynAck } from "./syn-ack.ts";
import { synSchedule } from "./syn-schedule.ts";
import { TimerLateness } from "./timer-lateness.ts";
import { Turns } from "./turns.ts";

export interface TrackerOptions {
  readonly counters: Counters;
  readonly clock: Clock;
  /** The kernel's tcp_syn_linear_timeouts. */
  readonly linearTimeouts: number;
  /** Milliseconds after which an attempt has timed out. */
  readonly timeoutMs: number;
  /** Whether stray SYN-ACKs are told of now: then one that was not seen did not come. Absent: nobody looks. */
  readonly isCaptureLive?: () => boolean;
  /** Whether somebody else in this network namespace connects, too, so that the counters are not the tracker's alone. */
  readonly isDisturbed?: () => boolean;
  /** The node that this is: a stray SYN-ACK comes from its own NAT, or from a pod on it. */
  readonly node?: string | undefined;
}

/** Verdicts are worked out together, for all that timed out in so many milliseconds: it takes a millisecond or two each time. */
export const JUDGE_EVERY_MS = 500;
/** A reading by a process that was just woken takes 70 µs: twice as many would cost twice as much. */
const READ_EVERY_MS = 8;
/** Timers of the runtime have whole milliseconds, and may be early by a part of one. */
const TIMER_STEP_MS = 1;
/** Readings kept at most: a minute of them, at one in 3 ms. Without the oldest ones those that need them stay undecided. */
const MAX_READINGS = 20_000;

interface Tracked extends Awaiting {
  /** A capture has been looking since before the first SYN. */
  readonly isCaptured: boolean;
  endMs: number | undefined;
  known: Attribution;
  decide: ((evidence: Evidence) => void) | undefined;
}

/** Spans of several that overlap now: when the first and the last of them began, and when all are over; in milliseconds. */
interface OpenSpans {
  readonly firstMs: number;
  readonly lastMs: number;
  readonly untilMs: number;
}

/**
 * Tells of each connect that timed out whether it hairpinned, by the kernel's counters.
 *
 * It reads them just before each SYN, when the reset to it must have come, and again and again while a SYN may be sent another time; it
 * keeps what the pending ones can have been part of, and no more.
 */
export class EvidenceTracker implements ConnectWatcher {
  readonly #options: TrackerOptions;
  readonly #window = new AnswerWindow();
  readonly #lateness = new TimerLateness();
  /** When SYNs are sent again, worked out for such a lateness of timers. */
  #scheduled: { readonly latenessMs: number; readonly schedule: readonly Retransmission[] } = {
    latenessMs: Number.NaN,
    schedule: [],
  };
  readonly #turns: Turns;
  #readings: Reading[] = [];
  readonly #tracked = new Set<Tracked>();
  /** Those of them that are under way, or wait for their verdict. */
  #pending = 0;
  #cancelJudging: (() => void) | undefined;
  #isClosed = false;
  /** What left before then may have been disturbed. */
  #clearSinceMs = Number.NEGATIVE_INFINITY;

  constructor(options: TrackerOptions) {
    this.#options = options;
    this.#turns = new Turns(options.clock);
  }

  /** Connects that are pending, or were while one was that still is. */
  get size(): number {
    return this.#tracked.size;
  }

  async turn(): Promise<WatchConnect> {
    const giveBack = await this.#turns.take();
    return (connect) => this.#watch(connect, giveBack);
  }

  /** Starts to follow a connect whose SYN is about to leave. */
  #watch(connect: BeginningConnect, giveBack: () => void): ConnectWatch {
    const { clock, isCaptureLive } = this.#options;
    const { atMs } = this.#read();
    const tracked: Tracked = {
      sentMs: atMs,
      connect,
      localPort: undefined,
      isCaptured: isCaptureLive?.() === true,
      chosen: undefined,
      isAmbiguous: false,
      endMs: undefined,
      known: "undecided",
      decide: undefined,
    };
    this.#tracked.add(tracked);
    this.#pending++;
    const cancelWindow = clock.after(this.#window.ms, () => {
      this.#read();
      tracked.localPort ??= connect.localPort();
      giveBack();
    });
    const cancel = () => {
      cancelWindow();
      giveBack();
    };
    return {
      answered: () => {
        cancel();
        this.#window.note(clock.nowMs() - atMs);
        if (this.#tracked.delete(tracked)) this.#ended();
      },
      timedOut: () => {
        // It was accepted after all, if too late.
        if (!this.#tracked.has(tracked)) return Promise.resolve({ kind: "undecided" });
        tracked.endMs = this.#read().atMs;
        return new Promise((resolve) => {
          tracked.decide = resolve;
          this.#cancelJudging ??= clock.after(JUDGE_EVERY_MS, () => this.#judge());
        });
      },
      abandoned: () => {
        cancel();
        tracked.endMs = clock.nowMs();
        this.#ended();
      },
    };
  }

  /** A SYN-ACK came in: it may tell of a pending connect what the NLB chose. */
  synAck(synAck: SynAck): void {
    const { clock, node } = this.#options;
    const pending = [...this.#tracked].filter(({ endMs }) => endMs === undefined);
    assignSynAck(synAck, pending, { nowMs: clock.nowMs(), schedule: this.#schedule(), windowMs: this.#window.ms, node });
  }

  /**
   * Reads the counters, if a SYN of anyone pending may be sent again now, and nobody has just read them. In between no SYN leaves, and
   * what others do then is of no use.
   *
   * @returns Milliseconds after which it has to be called again at the latest; `undefined`: nobody is pending.
   */
  beat(): number | undefined {
    if (this.#pending === 0) return undefined;
    const nowMs = this.#options.clock.nowMs();
    const { opensMs, open } = this.#resends(nowMs);
    if (open === undefined) return opensMs - nowMs;
    const lastMs = this.#readings.at(-1)?.atMs ?? Number.NEGATIVE_INFINITY;
    // Whose SYN it is that is sent again shows by when it is; where it can only be one, two readings tell as much as ten.
    if (!this.#lateness.isKnown || open.lastMs - open.firstMs > READ_EVERY_MS) {
      if (nowMs - lastMs >= READ_EVERY_MS) this.#read();
      return READ_EVERY_MS;
    }
    if (lastMs < open.firstMs || (nowMs >= open.untilMs && lastMs < open.untilMs)) this.#read();
    return Math.min(opensMs, nowMs < open.untilMs ? open.untilMs : Number.POSITIVE_INFINITY) - nowMs;
  }

  /** The spans in which a SYN may be sent again, or the reset to it come: when the next begins, and those that it is in now. */
  #resends(nowMs: number): { readonly opensMs: number; readonly open: OpenSpans | undefined } {
    const schedule = this.#schedule();
    let opensMs = Number.POSITIVE_INFINITY;
    let open: OpenSpans | undefined;
    for (const { sentMs, endMs } of this.#tracked) {
      if (endMs !== undefined) continue;
      for (const { earliestMs, latestMs } of schedule) {
        // A reading shortly before, and one after all of it.
        const fromMs = sentMs + earliestMs - READ_EVERY_MS;
        if (nowMs + TIMER_STEP_MS < fromMs) {
          opensMs = Math.min(opensMs, fromMs);
          break;
        }
        const untilMs = sentMs + latestMs + this.#window.ms;
        if (nowMs > untilMs + READ_EVERY_MS) continue;
        open = {
          firstMs: Math.min(fromMs, open?.firstMs ?? fromMs),
          lastMs: Math.max(fromMs, open?.lastMs ?? fromMs),
          untilMs: Math.max(untilMs, open?.untilMs ?? untilMs),
        };
      }
    }
    return { opensMs, open };
  }

  /** Judges at once whoever waits for it, and reads no more. */
  close(): void {
    this.#isClosed = true;
    this.#cancelJudging?.();
    this.#judge();
  }

  #read(): Reading {
    const last = this.#readings.at(-1);
    if (this.#isClosed && last !== undefined) return last;
    const reading = this.#options.counters.read();
    this.#readings.push(reading);
    if (this.#readings.length > MAX_READINGS) this.#readings.splice(0, MAX_READINGS / 10);
    return reading;
  }

  #judge(): void {
    this.#cancelJudging = undefined;
    this.#lookForDisturbance();
    const suspects: readonly Suspect[] = [...this.#tracked];
    for (const { sentMs, decide } of this.#tracked) if (decide !== undefined) this.#lateness.observe(this.#readings, sentMs);
    const bursts = locateRetransmissions(this.#readings, suspects, this.#schedule());
    const verdicts = attribute(this.#readings, suspects, bursts, this.#window.ms);
    for (const [index, tracked] of [...this.#tracked].entries()) {
      if (tracked.decide === undefined) continue;
      tracked.known = tracked.sentMs < this.#clearSinceMs ? "undecided" : (verdicts[index] ?? "undecided");
      tracked.decide(this.#evidenceOf(tracked));
      tracked.decide = undefined;
      this.#ended();
    }
    this.#prune();
  }

  #schedule(): readonly Retransmission[] {
    const { linearTimeouts, timeoutMs } = this.#options;
    const { ms } = this.#lateness;
    if (ms !== this.#scheduled.latenessMs) {
      this.#scheduled = { latenessMs: ms, schedule: synSchedule(linearTimeouts, ms, timeoutMs) };
    }
    return this.#scheduled.schedule;
  }

  #lookForDisturbance(): void {
    if (this.#options.isDisturbed?.() === true) this.#clearSinceMs = Number.POSITIVE_INFINITY;
    else if (this.#clearSinceMs === Number.POSITIVE_INFINITY) this.#clearSinceMs = this.#options.clock.nowMs();
  }

  #evidenceOf({ known, chosen, isCaptured, isAmbiguous }: Tracked): Evidence {
    if (chosen !== undefined) return { kind: "capture", chosen };
    if (known === "hairpin") return { kind: "reset" };
    // What the counters leave open a capture does not: had there been a stray SYN-ACK, it would have been seen.
    return { kind: isCaptured && !isAmbiguous && this.#options.isCaptureLive?.() === true ? "silent" : known };
  }

  /**
   * One fewer is pending. Without any nothing is of use any more; otherwise what is of none goes with the next verdicts: to look
   * through all of it each time would cost more than to keep it.
   */
  #ended(): void {
    this.#pending--;
    if (this.#pending > 0) return;
    this.#tracked.clear();
    this.#readings = [];
  }

  /** Forgets whoever ended before the oldest pending connect began, and the readings from before it. */
  #prune(): void {
    const isOver = ({ endMs, decide }: Tracked): boolean => endMs !== undefined && decide === undefined;
    let sinceMs = Number.POSITIVE_INFINITY;
    for (const tracked of this.#tracked) if (!isOver(tracked)) sinceMs = Math.min(sinceMs, tracked.sentMs);
    for (const tracked of this.#tracked) {
      if (isOver(tracked) && (tracked.endMs ?? 0) <= sinceMs) this.#tracked.delete(tracked);
    }
    if ((this.#readings[0]?.atMs ?? sinceMs) < sinceMs) this.#readings = this.#readings.filter(({ atMs }) => atMs >= sinceMs);
  }
}
