import { setTimeout as sleep } from "node:timers/promises";
import { ConfigError } from "../config/load.ts";
import type { VerifySettings } from "../config/verify-definitions.ts";
import { serviceKey } from "../domain/service.ts";
import { renderJson } from "../verify/json.ts";
import { judge } from "../verify/judge.ts";
import { renderMarkdown } from "../verify/markdown.ts";
import type { Observation, Span } from "../verify/observation.ts";
import { PrometheusClient, PrometheusError } from "../verify/prometheus/client.ts";
import { findChange, readObservation, SeveralClustersError } from "../verify/prometheus/read.ts";
import { lengthOf, type VerifyReport } from "../verify/report.ts";
import { renderText } from "../verify/text.ts";
import type { Looks } from "../verify/unfixed.ts";
import { VERIFY_EXIT } from "./exit-codes.ts";
import { ProgressLine } from "./progress-line.ts";
import { prometheusAddress } from "./prometheus-address.ts";
import { type CommandStreams, painterFor, widthOf } from "./streams.ts";

/** How far back a change is looked for. */
const SEARCH_MS = 86_400_000;
/** An attempt that times out is counted so long after one that began with it and succeeded: the timeout, the verdict, a scrape. */
const LAG_MS = 15_000;
/** Less than a minute is a scrape or two. */
const MIN_SPAN_MS = 60_000;
/** How often `--watch` looks. */
const LOOK_EVERY_MS = 10_000;

interface VerifyHost {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly progress: ProgressLine;
  readonly signal: AbortSignal;
}

/**
 * Compares what the agents counted before and after a change, and says whether it ended the hairpin.
 *
 * @param now - Milliseconds since the epoch.
 * @returns the exit code.
 * @throws ConfigError when a file that was named is of no use, there is no change to be found, or it is too fresh.
 */
export async function runVerifyCommand(
  settings: VerifySettings,
  streams: CommandStreams,
  now: () => number,
  signal: AbortSignal,
): Promise<number> {
  const client = new PrometheusClient(prometheusAddress(settings), signal);
  const progress = new ProgressLine(streams.stderr, painterFor(settings.noColor, streams.stderr), () => performance.now());
  try {
    const report = settings.watch
      ? await watch(client, settings, { now, progress, signal })
      : await verify(client, settings, now());
    progress.clear();
    streams.stdout.write(render(report, settings, streams));
    return VERIFY_EXIT[report.judgement.verdict].code;
  } catch (error) {
    progress.clear();
    if (signal.aborted) return VERIFY_EXIT.interrupted.code;
    if (error instanceof SeveralClustersError) throw new ConfigError([`${error.message}: name one with --cluster`]);
    if (!(error instanceof PrometheusError)) throw error;
    streams.stderr.write(`hairpin-probe: ${error.message}\n`);
    return VERIFY_EXIT.unreachable.code;
  } finally {
    await client.close();
  }
}

async function verify(client: PrometheusClient, settings: VerifySettings, nowMs: number): Promise<VerifyReport> {
  const change = await changeOf(client, settings, nowMs);
  const [before, after] = spansOf(change.atMs, settings, nowMs);
  if (after.endMs - after.startMs < MIN_SPAN_MS) {
    const wait = Math.ceil((after.startMs + MIN_SPAN_MS - nowMs) / 1000);
    throw new ConfigError([
      `the change at ${new Date(change.atMs).toISOString()} is too fresh: ask again in ${wait} s, or let --watch do so`,
    ]);
  }
  const [old, now] = await Promise.all([observe(client, settings, before, 0), observe(client, settings, after, LAG_MS)]);
  return reportOf(settings, change, old, now, client.warnings, "once");
}

/** Looks again and again, until the verdict stands or the span after the change is over. */
async function watch(client: PrometheusClient, settings: VerifySettings, host: VerifyHost): Promise<VerifyReport> {
  const { now, progress, signal } = host;
  const change = await changeOf(client, settings, now());
  const old = await observe(client, settings, spansOf(change.atMs, settings, now())[0], 0);
  for (;;) {
    const nowMs = now();
    const [, after] = spansOf(change.atMs, settings, nowMs);
    if (after.endMs - after.startMs >= LOOK_EVERY_MS) {
      const report = reportOf(
        settings,
        change,
        old,
        await observe(client, settings, after, LAG_MS),
        client.warnings,
        "again and again",
      );
      const { verdict, unfixed, secondsNeeded } = report.judgement;
      const hasStopped = after.endMs < nowMs;
      if (verdict !== "inconclusive" || unfixed === undefined || hasStopped) return report;
      const { attempts, timeouts } = report.judgement.arms.exposed.after;
      const left = secondsNeeded === undefined ? "" : `, enough in ${lengthOf(secondsNeeded * 1000)}`;
      progress.show(() => `${attempts} attempts since the change, ${timeouts} timed out${left}`);
    } else progress.show(() => `waiting for new connections to follow the change, ${lengthOf(after.startMs - nowMs)} more`);
    await sleep(LOOK_EVERY_MS, undefined, { signal });
  }
}

function reportOf(
  settings: VerifySettings,
  change: ChangeMoment,
  before: Observation,
  after: Observation,
  warnings: readonly string[],
  looks: Looks,
): VerifyReport {
  if (before.strata.length + after.strata.length === 0)
    throw new ConfigError([
      `${serviceKey(settings.service)}: Prometheus knows of no attempts at such a Service in the time looked at`,
    ]);
  return {
    service: serviceKey(settings.service),
    changedAtMs: change.atMs,
    changeSource: change.source,
    settleMs: settings.settle,
    before,
    after,
    judgement: judge(before, after, looks),
    warnings,
  };
}

const observe = (
  client: PrometheusClient,
  { service, cluster }: VerifySettings,
  span: Span,
  lagMs: number,
): Promise<Observation> =>
  readObservation(client, { ...service, cluster }, span, Math.min(lagMs, (span.endMs - span.startMs) / 2));

interface ChangeMoment {
  readonly atMs: number;
  readonly source: VerifyReport["changeSource"];
}

async function changeOf(client: PrometheusClient, settings: VerifySettings, nowMs: number): Promise<ChangeMoment> {
  const { at } = settings;
  if (at !== undefined) return { atMs: at.kind === "at" ? at.ms : nowMs - at.ms, source: "given" };
  return { atMs: await changeSeen(client, settings, { startMs: nowMs - SEARCH_MS, endMs: nowMs }), source: "seen" };
}

async function changeSeen(client: PrometheusClient, { service, cluster }: VerifySettings, span: Span): Promise<number> {
  const changedAtMs = await findChange(client, { ...service, cluster }, span);
  if (changedAtMs !== undefined) return changedAtMs;
  throw new ConfigError([
    `${serviceKey(service)}: the agents saw no change of its configuration within 24 h; say when it was made with --at`,
  ]);
}

/** The second one may be too short to look at, or not have begun. */
function spansOf(changedAtMs: number, settings: VerifySettings, nowMs: number): readonly [before: Span, after: Span] {
  const startMs = changedAtMs + settings.settle;
  const endMs = settings.after === undefined ? nowMs : Math.min(nowMs, startMs + settings.after);
  return [
    { startMs: changedAtMs - settings.before, endMs: changedAtMs },
    { startMs, endMs },
  ];
}

function render(report: VerifyReport, { output, noColor }: VerifySettings, { stdout }: CommandStreams): string {
  switch (output) {
    case "json":
      return renderJson(report);
    case "markdown":
      return renderMarkdown(report);
    case "text":
      return renderText(report, widthOf(stdout), painterFor(noColor, stdout));
  }
}
