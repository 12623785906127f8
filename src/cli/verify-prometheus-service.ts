import type { VerifySettings } from "../config/verify-definitions.ts";
import { serviceKey } from "../domain/service.ts";
import { judge } from "../verify/judge.ts";
import type { Observation, Span } from "../verify/observation.ts";
import type { PrometheusClient } from "../verify/prometheus/client.ts";
import { findChange } from "../verify/prometheus/find.ts";
import { readObservation } from "../verify/prometheus/read.ts";
import type { Subject } from "../verify/prometheus/subject.ts";
import { lengthOf, progressText, type VerifyReport } from "../verify/report.ts";
import { LAG_MS, MAX_WATCH_MS, SEARCH_MS } from "./verify-host.ts";

/** Less than a minute is a scrape or two; with --watch the next look comes soon. */
const MIN_SPAN_MS = 60_000;
const MIN_WATCH_SPAN_MS = 10_000;

/** There is nothing to say of a Service; the message says why. */
export class NotJudgedError extends Error {
  override readonly name = "NotJudgedError";
}

interface Change {
  readonly atMs: number;
  readonly source: VerifyReport["changeSource"];
}

/** One Service's change, as a Prometheus knows of it: what was before is read once, what came after at every look. */
export class ServiceInPrometheus {
  readonly name: string;
  readonly #client: PrometheusClient;
  readonly #settings: VerifySettings;
  readonly #subject: Subject;
  #change: Change | undefined;
  #before: Observation | undefined;
  #report: VerifyReport | undefined;
  #isOver = false;
  #progress = "";

  constructor(
    client: PrometheusClient,
    settings: VerifySettings,
    service: { readonly namespace: string; readonly name: string },
  ) {
    this.name = serviceKey(service);
    this.#client = client;
    this.#settings = settings;
    this.#subject = { ...service, cluster: settings.cluster };
  }

  /** What the last look found. */
  get report(): VerifyReport | undefined {
    return this.#report;
  }

  /** Whether looking again could change anything. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** What there is to wait for, in a line. */
  get progress(): string {
    return this.#progress;
  }

  /** @throws PrometheusError; SeveralClustersError; NotJudgedError. */
  async look(nowMs: number): Promise<void> {
    this.#change ??= await this.#findChange(nowMs);
    const [beforeSpan, afterSpan] = spansOf(this.#change.atMs, this.#settings, nowMs);
    const lengthMs = afterSpan.endMs - afterSpan.startMs;
    if (lengthMs < (this.#settings.watch ? MIN_WATCH_SPAN_MS : MIN_SPAN_MS)) {
      this.#progress = `waiting for new connections to follow the change, ${lengthOf(Math.max(0, afterSpan.startMs - nowMs))} more`;
      if (this.#settings.watch) return;
      const wait = Math.ceil((MIN_SPAN_MS - lengthMs) / 1000);
      throw new NotJudgedError(`the change at ${at(this.#change)} is too fresh: ask again in ${wait} s, or let --watch do so`);
    }
    this.#before ??= await this.#observe(beforeSpan, 0);
    this.#report = this.#judge(this.#change, this.#before, await this.#observe(afterSpan, LAG_MS));
    const { judgement } = this.#report;
    this.#isOver = judgement.isFinal || afterSpan.endMs < nowMs || nowMs - afterSpan.startMs > MAX_WATCH_MS;
    this.#progress = progressText(judgement);
  }

  #judge(change: Change, before: Observation, after: Observation): VerifyReport {
    if (before.strata.length + after.strata.length === 0)
      throw new NotJudgedError("Prometheus knows of no attempts at such a Service in the time looked at");
    return {
      service: this.name,
      changedAtMs: change.atMs,
      changeSource: change.source,
      settleMs: this.#settings.settle,
      before,
      after,
      judgement: judge(before, after, this.#settings.watch ? "again and again" : "once"),
      warnings: this.#client.warnings,
    };
  }

  #observe(span: Span, lagMs: number): Promise<Observation> {
    return readObservation(this.#client, this.#subject, span, Math.min(lagMs, Math.floor((span.endMs - span.startMs) / 2)));
  }

  async #findChange(nowMs: number): Promise<Change> {
    const given = this.#settings.at;
    if (given !== undefined) return { atMs: given.kind === "at" ? given.ms : nowMs - given.ms, source: "given" };
    const seenMs = await findChange(this.#client, this.#subject, { startMs: nowMs - SEARCH_MS, endMs: nowMs });
    if (seenMs !== undefined) return { atMs: seenMs, source: "seen" };
    throw new NotJudgedError("the agents saw no change of its configuration within 24 h; say when it was made with --at");
  }
}

const at = ({ atMs }: Change): string => new Date(atMs).toISOString();

/** The second one may be too short to look at, or not have begun. */
function spansOf(changedAtMs: number, settings: VerifySettings, nowMs: number): readonly [before: Span, after: Span] {
  const startMs = changedAtMs + settings.settle;
  const endMs = settings.after === undefined ? nowMs : Math.min(nowMs, startMs + settings.after);
  return [
    { startMs: changedAtMs - settings.before, endMs: changedAtMs },
    { startMs, endMs },
  ];
}
