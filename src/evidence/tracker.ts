import type { BeginningConnect, ConnectWatch, ConnectWatcher, WatchConnect } from "../domain/evidence.ts";
import { Answers } from "./answers.ts";
import { attribute } from "./attribute.ts";
import { Clearance, type ClearanceOptions } from "./clearance.ts";
import type { Counters, Reading } from "./counters.ts";
import { Resends } from "./resends.ts";
import { assignSynAck } from "./stray-syn-ack.ts";
import type { SynAck } from "./syn-ack.ts";
import { endedOf, evidenceOf, type Tracked } from "./tracked.ts";
import { Turns } from "./turns.ts";
import type { Resets } from "./unexplained.ts";

export interface TrackerOptions extends ClearanceOptions {
  readonly counters: Counters;
  /** The kernel's tcp_syn_linear_timeouts. */
  readonly linearTimeouts: number;
  /** Milliseconds after which an attempt has timed out. */
  readonly timeoutMs: number;
  /** Whether stray SYN-ACKs are told of now: then one that was not seen did not come. Absent: nobody looks. */
  readonly isCaptureLive?: () => boolean;
  /** The node that this is: a stray SYN-ACK comes from its own NAT, or from a pod on it. */
  readonly node?: string | undefined;
}

/** Verdicts are worked out together, for all that timed out in so many milliseconds: it takes a millisecond or two each time. */
export const JUDGE_EVERY_MS = 800;
/** For so many milliseconds a socket may be open past its deadline: a SYN that leaves then is nobody else's. */
const CLOSES_WITHIN_MS = 32;
/** A reading is as good as a new one for so many milliseconds, where nobody can have sent anything since: it takes 20 µs. */
const FRESH_MS = 2;
/** Readings kept at most: a minute of them, at one in 3 ms. Without the oldest ones those that need them stay undecided. */
const MAX_READINGS = 20_000;

/** In so many milliseconds it is known when a SYN was sent again, or nearly so. */
const RESEND_MS = 100;

const NOTHING = (): void => {};

/**
 * Tells of each connect that timed out whether it hairpinned, by the kernel's counters.
 *
 * It reads them just before a SYN, when the reset to it must have come, and again and again while a SYN may be sent another time; it
 * keeps what the pending ones can have been part of, and no more. While there are resets that none of them can have caused it tells of
 * nobody: then others may be a stranger's, too.
 */
export class EvidenceTracker implements ConnectWatcher {
  readonly #options: TrackerOptions;
  readonly #answers = new Answers();
  readonly #clearance: Clearance;
  readonly #resends: Resends;
  readonly #turns: Turns;
  #readings: Reading[] = [];
  /**
   * A stranger's reset since the reading that is shared looks like an answer to the first SYN. Only where that is sent again for certain does
   * it contradict itself, and convicts nobody.
   */
  readonly #sharesReadings: boolean;
  /** It may have been forgotten among those that are kept. */
  #last: Reading | undefined;
  readonly #tracked = new Set<Tracked>();
  /** Those of them that are under way, or wait for their verdict. */
  #pending = 0;
  #cancelJudging: (() => void) | undefined;
  #isClosed = false;

  constructor(options: TrackerOptions) {
    this.#options = options;
    this.#turns = new Turns(options.clock);
    this.#clearance = new Clearance(options);
    this.#resends = new Resends(options.linearTimeouts, options.timeoutMs + CLOSES_WITHIN_MS);
    this.#sharesReadings = this.#resends.firstByMs <= options.timeoutMs;
  }

  /** Connects that are pending, or were while one was that still is. */
  get size(): number {
    return this.#tracked.size;
  }

  /** Retransmissions that are waited for. */
  get planned(): number {
    return this.#resends.planned;
  }

  async turn(): Promise<WatchConnect> {
    const giveBack = await this.#turns.take();
    // Once more, if it was woken too late.
    for (let round = 0; round < 2; round++) {
      const waitMs = this.#resends.untilQuietMs(this.#options.clock.nowMs(), this.#answers.usualMs);
      if (waitMs === 0) break;
      await new Promise<void>((resolve) => this.#options.clock.after(Math.ceil(waitMs), resolve));
    }
    return (connect) => this.#watch(connect, giveBack);
  }

  /** Starts to follow a connect whose SYN is about to leave. */
  #watch(connect: BeginningConnect, giveBack: () => void): ConnectWatch {
    const { clock, isCaptureLive } = this.#options;
    const { atMs: readMs } = this.#readingAtStart();
    const sentMs = clock.nowMs();
    const tracked: Tracked = {
      sentMs,
      readMs,
      answer: this.#answers.windowOf(connect),
      resends: [],
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
    const waitMs = this.#answers.waitMs(connect);
    const answeredMs = sentMs + waitMs;
    const onAnswered = () => {
      const leftMs = answeredMs - clock.nowMs();
      // A reading before the reset can have come tells nothing of this SYN, and timers of the runtime can be early.
      if (leftMs > 0) {
        cancelWindow = clock.after(Math.ceil(leftMs), onAnswered);
        return;
      }
      cancelWindow = NOTHING;
      this.#read();
      tracked.localPort ??= connect.localPort();
      tracked.resends = this.#resends.expect(sentMs);
      giveBack();
    };
    let cancelWindow = clock.after(Math.ceil(waitMs), onAnswered);
    const cancel = () => {
      cancelWindow();
      giveBack();
    };
    return {
      answered: () => {
        cancel();
        const nowMs = clock.nowMs();
        this.#answers.note(connect, nowMs - sentMs, nowMs);
        this.#resends.end(tracked.resends);
        if (this.#tracked.delete(tracked)) this.#ended();
      },
      timedOut: () => {
        // It was accepted after all, if too late.
        if (!this.#tracked.has(tracked)) return Promise.resolve({ kind: "undecided" });
        tracked.endMs = this.#read().atMs;
        this.#excuseLateAnswer(tracked, tracked.endMs);
        tracked.connect = endedOf(connect);
        this.#resends.end(tracked.resends);
        return new Promise((resolve) => {
          tracked.decide = resolve;
          this.#cancelJudging ??= clock.after(JUDGE_EVERY_MS, () => this.#judge());
        });
      },
      abandoned: () => {
        cancel();
        tracked.endMs = clock.nowMs();
        this.#excuseLateAnswer(tracked, tracked.endMs);
        tracked.connect = endedOf(connect);
        this.#resends.end(tracked.resends);
        this.#ended();
      },
      cutOff: (resets) => this.#clearance.strangers.expect(resets, clock.nowMs()),
    };
  }

  /** The socket is gone, and an answer to its last SYN may still come, from whomever: it is reset. */
  #excuseLateAnswer({ sentMs, resends, answer: { withinMs } }: Tracked, endMs: number): void {
    const lastMs = resends.reduce((last, { earliestMs, latestMs }) => (earliestMs < endMs ? latestMs : last), sentMs);
    const untilMs = Math.min(lastMs, endMs) + withinMs;
    if (untilMs > endMs) this.#clearance.strangers.excuse({ sinceMs: endMs, untilMs, count: 1 });
  }

  /** A SYN-ACK came in: it may tell of a pending connect what the NLB chose. */
  synAck(synAck: SynAck): void {
    const { clock, node } = this.#options;
    const pending = [...this.#tracked].filter(({ endMs }) => endMs === undefined);
    assignSynAck(synAck, pending, { nowMs: clock.nowMs(), windowMs: this.#answers.usualMs, node });
  }

  /**
   * Reads the counters, if a SYN of anyone pending may have been sent again since they were read, and it is a good moment for it. What
   * others do while none is sent is of no use.
   *
   * @returns Milliseconds after which it has to be called again at the latest; `undefined`: nothing has to be read.
   */
  beat(): number | undefined {
    if (this.#pending === 0) return undefined;
    const nowMs = this.#options.clock.nowMs();
    const lastMs = this.#readings.at(-1)?.atMs ?? Number.NEGATIVE_INFINITY;
    const { isDue, nextMs } = this.#resends.planReading(nowMs, lastMs, this.#answers.usualMs);
    if (isDue) this.#read();
    return Number.isFinite(nextMs) ? nextMs - nowMs : undefined;
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
    if (this.#readings.length === 0) this.#clearance.lookAtGap(this.#last, reading);
    this.#last = reading;
    this.#readings.push(reading);
    if (this.#readings.length > MAX_READINGS) this.#readings.splice(0, MAX_READINGS / 10);
    return reading;
  }

  /** Those that start together are answered one after the other, in less than a millisecond each. */
  #readingAtStart(): Reading {
    const last = this.#last;
    const nowMs = this.#options.clock.nowMs();
    if (!this.#sharesReadings || last === undefined || nowMs - last.atMs > FRESH_MS) return this.#read();
    if (this.#pending > 0 && !this.#resends.areNoneBetween(last.atMs, nowMs, this.#answers.usualMs)) return this.#read();
    // It may have been forgotten: nobody was pending.
    if (this.#readings.length === 0) this.#readings.push(last);
    return last;
  }

  #judge(): void {
    this.#cancelJudging = undefined;
    const suspects = [...this.#tracked];
    for (const tracked of suspects) tracked.answer = this.#answers.windowOf(tracked.connect);
    const { bursts } = this.#resends.locate(this.#readings, suspects);
    const strange = this.#clearance.look(this.#readings, suspects, bursts);
    if (strange.length > 0) this.#answers.forget();
    const isClear = this.#clearance.update();
    const isLossy = this.#answers.isLossy(this.#options.clock.nowMs());
    const verdicts = isClear ? attribute(this.#readings, suspects, bursts, isLossy) : [];
    for (const [index, tracked] of suspects.entries()) {
      if (tracked.decide === undefined) continue;
      this.#resends.observe(this.#readings, tracked);
      const verdict = this.#clearance.isClearSince(tracked.readMs) ? (verdicts[index] ?? "undecided") : "undecided";
      tracked.known = verdict === "silent" && isDoubtful(tracked, strange) ? "undecided" : verdict;
      if (tracked.known === "hairpin" && !isLossy) this.#answers.learn(tracked.connect, this.#readings, tracked);
      tracked.decide(evidenceOf(tracked, this.#options.isCaptureLive?.() === true));
      tracked.decide = undefined;
      this.#ended();
    }
    this.#prune();
  }

  /** Whether all resets have for a while been such as the connects that are followed here can have caused. */
  isQuiet(): boolean {
    const { clock, counters } = this.#options;
    if (this.#pending > 0) this.#clearance.look(this.#readings, [...this.#tracked]);
    else if (!this.#isClosed) {
      const reading = counters.read();
      this.#clearance.lookAtGap(this.#last, reading);
      this.#last = reading;
    }
    return this.#clearance.strangers.isQuiet(clock.nowMs());
  }

  /**
   * One fewer is pending. Without any nothing is of use any more; otherwise what is of none goes with the next verdicts: to look
   * through all of it each time would cost more than to keep it.
   */
  #ended(): void {
    this.#pending--;
    if (this.#pending > 0) return;
    if ((this.#readings.at(-1)?.resets ?? 0) > (this.#readings[0]?.resets ?? 0)) {
      this.#clearance.look(this.#readings, [...this.#tracked]);
    }
    this.#tracked.clear();
    this.#readings = [];
    this.#resends.clear();
  }

  /**
   * Forgets whoever ended before the oldest pending connect began, and the readings from before it; but for those in which the SYNs were
   * sent that can have been answered since.
   */
  #prune(): void {
    const isOver = ({ endMs, decide }: Tracked): boolean => endMs !== undefined && decide === undefined;
    let sinceMs = Number.POSITIVE_INFINITY;
    let longestMs = 0;
    for (const tracked of this.#tracked) {
      longestMs = Math.max(longestMs, tracked.answer.withinMs);
      if (!isOver(tracked)) sinceMs = Math.min(sinceMs, tracked.readMs);
    }
    sinceMs -= longestMs + RESEND_MS;
    for (const tracked of this.#tracked) {
      if (isOver(tracked) && (tracked.endMs ?? 0) + longestMs <= sinceMs) this.#tracked.delete(tracked);
    }
    if ((this.#readings[0]?.atMs ?? sinceMs) < sinceMs) this.#readings = this.#readings.filter(({ atMs }) => atMs >= sinceMs);
  }
}

/** Whether there was a reset while it was under way that fits nobody: its own may come later than was thought. */
const isDoubtful = ({ sentMs, endMs = sentMs }: Tracked, strange: readonly Resets[]): boolean =>
  strange.some(({ sinceMs, untilMs }) => untilMs > sentMs && sinceMs < endMs);
