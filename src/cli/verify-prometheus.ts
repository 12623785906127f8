import { ConfigError } from "../config/load.ts";
import type { VerifySettings } from "../config/verify-definitions.ts";
import { serviceKey } from "../domain/service.ts";
import { judge } from "../verify/judge.ts";
import type { Observation, Span } from "../verify/observation.ts";
import { PrometheusClient } from "../verify/prometheus/client.ts";
import { findChange, readObservation } from "../verify/prometheus/read.ts";
import { lengthOf, type VerifyReport } from "../verify/report.ts";
import type { Looks } from "../verify/unfixed.ts";
import { prometheusAddress } from "./prometheus-address.ts";
import { LAG_MS, MAX_WATCH_MS, pause, progressOf, type VerifyHost } from "./verify-host.ts";

/** How far back a change is looked for. */
const SEARCH_MS = 86_400_000;
/** Less than a minute is a scrape or two. */
const MIN_SPAN_MS = 60_000;
/** How often `--watch` looks. */
const LOOK_EVERY_MS = 10_000;

/**
 * Reads both spans out of a Prometheus: once, or again and again until the verdict stands.
 *
 * @throws PrometheusError, SeveralClustersError, and ConfigError as `runVerifyCommand` has it.
 */
export async function verifyByPrometheus(settings: VerifySettings, host: VerifyHost): Promise<VerifyReport> {
  const client = new PrometheusClient(prometheusAddress(settings), host.signal);
  try {
    return await (settings.watch ? watch(client, settings, host) : look(client, settings, host.now()));
  } finally {
    await client.close();
  }
}

async function look(client: PrometheusClient, settings: VerifySettings, nowMs: number): Promise<VerifyReport> {
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

/** Looks again and again, until the verdict stands, the span after the change is over, or Ctrl-C: what there is then is not lost. */
async function watch(client: PrometheusClient, settings: VerifySettings, host: VerifyHost): Promise<VerifyReport> {
  const { now, progress, signal } = host;
  const change = await changeOf(client, settings, now());
  const old = await observe(client, settings, spansOf(change.atMs, settings, now())[0], 0);
  let report: VerifyReport | undefined;
  for (;;) {
    const nowMs = now();
    const [, after] = spansOf(change.atMs, settings, nowMs);
    if (after.endMs - after.startMs >= LOOK_EVERY_MS) {
      report = reportOf(
        settings,
        change,
        old,
        await observe(client, settings, after, LAG_MS),
        client.warnings,
        "again and again",
      );
      const { judgement } = report;
      const isOver = after.endMs < nowMs || nowMs - after.startMs > MAX_WATCH_MS;
      // Without timeouts before nothing that comes can settle it.
      if (judgement.verdict !== "inconclusive" || judgement.arms.exposed.before.timeouts === 0 || isOver) return report;
      progress.show(() => progressOf(judgement));
    } else progress.show(() => `waiting for new connections to follow the change, ${lengthOf(after.startMs - nowMs)} more`);
    await pause(LOOK_EVERY_MS, signal);
    if (signal.aborted && report !== undefined) return report;
    signal.throwIfAborted();
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
