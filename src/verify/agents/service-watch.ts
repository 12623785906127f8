import { serviceKey } from "../../domain/service.ts";
import { judge } from "../judge.ts";
import type { Observation } from "../observation.ts";
import { lengthOf, progressText, type VerifyReport } from "../report.ts";
import { Answers } from "./answers.ts";
import { LaggedSpan } from "./lagged-span.ts";
import { configurationsIn, observeBetween, type Service } from "./observe.ts";
import type { Reading } from "./reading.ts";

export interface WatchOptions {
  /** Milliseconds after the change that are left out. */
  readonly settleMs: number;
  /** Milliseconds after those that it looks on, at most. */
  readonly afterMs: number;
  /** Milliseconds that a timeout is counted later than a success that began with it. */
  readonly lagMs: number;
}

type Phase =
  | { readonly kind: "before"; readonly first: Reading; readonly last: Reading; readonly answers: Answers }
  | { readonly kind: "settling"; readonly before: Observation; readonly changedAtMs: number; readonly agents: readonly string[] }
  | {
      readonly kind: "after";
      readonly before: Observation;
      readonly changedAtMs: number;
      readonly startMs: number;
      readonly span: LaggedSpan;
      readonly answers: Answers;
    };

/** How long an agent of the time before may be missing where the time after begins: what it counts has no beginning otherwise. */
const WHOLE_WITHIN_MS = 30_000;

/**
 * Follows one Service through a change, from reading to reading of all agents' counters: it counts until any agent sees another
 * configuration, leaves the settle time out, and counts on until the verdict stands. A reading that no agent answered is a gap: it counts
 * as that, and what was read before it stays the last that there is.
 */
export class ServiceWatch {
  readonly name: string;
  readonly #service: Service;
  readonly #options: WatchOptions;
  readonly #initial: ReadonlySet<string>;
  #phase: Phase;
  #report: VerifyReport | undefined;
  #isOver = false;
  #progress = "";

  constructor(service: Service, first: Reading, options: WatchOptions) {
    this.name = serviceKey(service);
    this.#service = service;
    this.#options = options;
    this.#initial = new Set(configurationsIn(first, service).map((each) => JSON.stringify(each)));
    this.#phase = { kind: "before", first, last: first, answers: new Answers(first) };
  }

  /** `undefined` until there is something after the change to compare. */
  get report(): VerifyReport | undefined {
    return this.#report;
  }

  get hasChanged(): boolean {
    return this.#phase.kind !== "before";
  }

  /** Whether more readings could still change anything. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** What there is to wait for, in a line. */
  get progress(): string {
    return this.#progress;
  }

  take(reading: Reading): void {
    if (this.#isOver) return;
    const phase = this.#phase;
    if (phase.kind === "before") this.#countBefore(phase, reading);
    else if (phase.kind === "settling") this.#settle(phase, reading);
    else this.#countAfter(phase, reading);
  }

  #countBefore({ first, last, answers }: Phase & { kind: "before" }, reading: Reading): void {
    // What is to be counted later always has been: nothing crosses this span's edges that did not before.
    const observe = (until: Reading): Observation => {
      const bounds = { first, timeoutsFrom: first, attemptsUntil: until, last: until };
      return observeBetween(this.#service, { ...bounds, answered: answers.shares() });
    };
    // Any agent that sees something new: they do not all see it at once.
    if (configurationsIn(reading, this.#service).some((each) => !this.#initial.has(JSON.stringify(each)))) {
      this.#phase = { kind: "settling", before: observe(last), changedAtMs: reading.atMs, agents: [...last.pages.keys()] };
      this.#progress = `changed; waiting ${lengthOf(this.#options.settleMs)} for new connections to follow`;
      return;
    }
    answers.add(reading);
    const latest = reading.pages.size > 0 ? reading : last;
    this.#phase = { kind: "before", first, last: latest, answers };
    const { strata } = observe(latest);
    const sum = (key: "attempts" | "timeouts"): number => strata.reduce((total, stratum) => total + stratum[key], 0);
    this.#progress = `${sum("attempts")} attempts, ${sum("timeouts")} timed out; make the change now`;
  }

  #settle({ before, changedAtMs, agents }: Phase & { kind: "settling" }, reading: Reading): void {
    const leftMs = changedAtMs + this.#options.settleMs - reading.atMs;
    const isWhole = agents.every((agent) => reading.pages.has(agent));
    if (leftMs > 0) this.#progress = `changed; waiting ${lengthOf(leftMs)} for new connections to follow`;
    else if (isWhole || (leftMs <= -WHOLE_WITHIN_MS && reading.pages.size > 0)) {
      const [answers, span] = [new Answers(reading), new LaggedSpan(reading, this.#options.lagMs)];
      this.#phase = { kind: "after", before, changedAtMs, startMs: reading.atMs, span, answers };
    } else this.#progress = "waiting for agents that do not answer";
  }

  #countAfter(phase: Phase & { kind: "after" }, reading: Reading): void {
    const { before, changedAtMs, startMs, span, answers } = phase;
    const { settleMs, afterMs } = this.#options;
    answers.add(reading);
    if (reading.pages.size > 0) span.add(reading);
    const after = observeBetween(this.#service, { ...span.bounds(), answered: answers.shares() });
    const judgement = judge(before, after, "again and again");
    this.#isOver = judgement.isFinal || reading.atMs - startMs >= afterMs;
    const changeSource = "seen";
    const warnings = reading.problems;
    this.#report = { service: this.name, changedAtMs, changeSource, settleMs, before, after, judgement, warnings };
    this.#progress = progressText(judgement);
  }
}
