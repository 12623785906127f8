import type { Clock } from "../domain/clock.ts";
import type { BeginningConnect, ChosenTarget, ConnectWatch, ConnectWatcher, Evidence, WatchConnect } from "../domain/evidence.ts";
import { AnswerWindow } from "./answer-window.ts";
import { type Attribution, attribute, type Suspect } from "./attribute.ts";
import type { Counters, Reading } from "./counters.ts";
import { locateRetransmissions } from "./retransmissions.ts";
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
/** Readings kept at most: a minute of them, at one in 3 ms. Without the oldest ones those that need them stay undecided. */
const MAX_READINGS = 20_000;

/** From a packet's arrival until tcpdump's line about it has been read. */
const CAPTURE_DELAY_MS = 50;

interface Tracked {
  readonly sentMs: number;
  readonly connect: BeginningConnect;
  /** Read while the socket is open, and after its SYN has left: before that there is none, and the answer is remembered. */
  localPort: number | undefined;
  /** A capture has been looking since before the first SYN. */
  readonly isCaptured: boolean;
  chosen: ChosenTarget | undefined;
  /** A stray SYN-ACK came that may have been for it, or for another with the same local port. */
  isAmbiguous: boolean;
  endMs: number | undefined;
  known: Attribution;
  decide: ((evidence: Evidence) => void) | undefined;
}

/**
 * Tells of each connect that timed out whether it hairpinned, by the kernel's counters.
 *
 * It reads them just before each SYN, when the reset to it must have come, and at every heartbeat while a connect is pending; it keeps
 * what the pending ones can have been part of, and no more.
 */
export class EvidenceTracker implements ConnectWatcher {
  readonly #options: TrackerOptions;
  readonly #window = new AnswerWindow();
  readonly #lateness = new TimerLateness();
  readonly #turns: Turns;
  #readings: Reading[] = [];
  #tracked: Tracked[] = [];
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
    return this.#tracked.length;
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
    this.#tracked.push(tracked);
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
        this.#tracked = this.#tracked.filter((other) => other !== tracked);
        this.#prune();
      },
      timedOut: () => {
        // It was accepted after all, if too late.
        if (!this.#tracked.includes(tracked)) return Promise.resolve({ kind: "undecided" });
        tracked.endMs = this.#read().atMs;
        return new Promise((resolve) => {
          tracked.decide = resolve;
          this.#cancelJudging ??= clock.after(JUDGE_EVERY_MS, () => this.#judge());
        });
      },
      abandoned: () => {
        cancel();
        tracked.endMs = clock.nowMs();
        this.#prune();
      },
    };
  }

  /**
   * A SYN-ACK came in. If it is for a pending connect, and not from where that went, it is the stray one.
   *
   * Connects to different frontends may have the same local port, here or in another process: only what comes when an answer to one
   * of its SYNs is due is taken for a connect's own, and what comes at another time leaves open what it was.
   */
  synAck({ source, port }: SynAck): void {
    const { clock, linearTimeouts, timeoutMs, node } = this.#options;
    const nowMs = clock.nowMs();
    const due = [{ earliestMs: 0, latestMs: 0 }, ...synSchedule(linearTimeouts, this.#lateness.ms, timeoutMs)];
    const windowMs = this.#window.ms + CAPTURE_DELAY_MS;
    const isDue = ({ sentMs }: Tracked): boolean =>
      due.some(({ earliestMs, latestMs }) => nowMs >= sentMs + earliestMs && nowMs <= sentMs + latestMs + windowMs);
    const candidates = this.#tracked.filter((tracked) => {
      if (tracked.endMs !== undefined) return false;
      tracked.localPort ??= tracked.connect.localPort();
      return tracked.localPort === port;
    });
    const isOwn = ({ connect }: Tracked): boolean => source.address === connect.address && source.port === connect.port;
    if (candidates.some(isOwn)) return;
    const [found, ...others] = candidates.filter(isDue);
    if (found !== undefined && others.length === 0) found.chosen ??= { ...source, node };
    else for (const candidate of candidates) candidate.isAmbiguous = true;
  }

  /** Reads the counters, if anyone is under suspicion. */
  beat(): void {
    if (this.#tracked.length > 0) this.#read();
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
    const { linearTimeouts, timeoutMs } = this.#options;
    this.#lookForDisturbance();
    const suspects: readonly Suspect[] = this.#tracked;
    for (const { sentMs, decide } of this.#tracked) if (decide !== undefined) this.#lateness.observe(this.#readings, sentMs);
    const bursts = locateRetransmissions(this.#readings, suspects, synSchedule(linearTimeouts, this.#lateness.ms, timeoutMs));
    const verdicts = attribute(this.#readings, suspects, bursts, this.#window.ms);
    for (const [index, tracked] of this.#tracked.entries()) {
      if (tracked.decide === undefined) continue;
      tracked.known = tracked.sentMs < this.#clearSinceMs ? "undecided" : (verdicts[index] ?? "undecided");
      tracked.decide(this.#evidenceOf(tracked));
      tracked.decide = undefined;
    }
    this.#prune();
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

  /** Forgets whoever ended before the oldest pending connect began, and the readings from before it. */
  #prune(): void {
    const pending = this.#tracked.filter(({ endMs, decide }) => endMs === undefined || decide !== undefined);
    const sinceMs = pending.reduce((oldest, { sentMs }) => Math.min(oldest, sentMs), Number.POSITIVE_INFINITY);
    this.#tracked = this.#tracked.filter(({ endMs, decide }) => decide !== undefined || endMs === undefined || endMs > sinceMs);
    if ((this.#readings[0]?.atMs ?? sinceMs) < sinceMs) this.#readings = this.#readings.filter(({ atMs }) => atMs >= sinceMs);
  }
}
