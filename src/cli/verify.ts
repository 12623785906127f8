import { readFileSync } from "node:fs";
import { ConfigError } from "../config/load.ts";
import type { Moment, VerifySettings } from "../config/verify-definitions.ts";
import { serviceKey } from "../domain/service.ts";
import { renderJson } from "../verify/json.ts";
import { judge } from "../verify/judge.ts";
import { renderMarkdown } from "../verify/markdown.ts";
import type { Span } from "../verify/observation.ts";
import { type PrometheusAddress, PrometheusClient, PrometheusError } from "../verify/prometheus/client.ts";
import { findChange, readObservation } from "../verify/prometheus/read.ts";
import type { VerifyReport } from "../verify/report.ts";
import { renderText } from "../verify/text.ts";
import { VERSION } from "../version.ts";
import { VERIFY_EXIT } from "./exit-codes.ts";
import { type CommandStreams, painterFor, widthOf } from "./streams.ts";

/** How far back a change is looked for. */
const SEARCH_MS = 86_400_000;
/** An attempt that times out is counted so long after one that began with it and succeeded: the timeout, the verdict, a scrape. */
const LAG_MS = 15_000;

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
  const client = new PrometheusClient(addressOf(settings), signal);
  try {
    const report = await verify(client, settings, now());
    streams.stdout.write(render(report, settings, streams));
    return VERIFY_EXIT[report.judgement.verdict].code;
  } catch (error) {
    if (signal.aborted) return VERIFY_EXIT.interrupted.code;
    if (!(error instanceof PrometheusError)) throw error;
    streams.stderr.write(`hairpin-probe: ${error.message}\n`);
    return VERIFY_EXIT.unreachable.code;
  } finally {
    await client.close();
  }
}

async function verify(client: PrometheusClient, settings: VerifySettings, nowMs: number): Promise<VerifyReport> {
  const { service, cluster, settle } = settings;
  const subject = { ...service, cluster };
  const changedAtMs =
    settings.at === undefined
      ? await changeSeen(client, settings, { startMs: nowMs - SEARCH_MS, endMs: nowMs })
      : momentAt(settings.at, nowMs);
  const [beforeSpan, afterSpan] = spansOf(changedAtMs, settings, nowMs);
  const [before, after] = await Promise.all([
    readObservation(client, subject, beforeSpan, 0),
    readObservation(client, subject, afterSpan, Math.min(LAG_MS, (afterSpan.endMs - afterSpan.startMs) / 2)),
  ]);
  return {
    service: serviceKey(service),
    changedAtMs,
    changeSource: settings.at === undefined ? "seen" : "given",
    settleMs: settle,
    before,
    after,
    judgement: judge(before, after),
    warnings: client.warnings,
  };
}

async function changeSeen(client: PrometheusClient, { service, cluster }: VerifySettings, span: Span): Promise<number> {
  const change = await findChange(client, { ...service, cluster }, span);
  if (change !== undefined) return change.atMs;
  throw new ConfigError([
    `${serviceKey(service)}: the agents saw no change of its configuration within 24 h; say when it was made with --at`,
  ]);
}

const momentAt = ({ kind, ms }: Moment, nowMs: number): number => (kind === "at" ? ms : nowMs - ms);

/** @throws ConfigError for a change that is too fresh, or yet to come. */
function spansOf(changedAtMs: number, settings: VerifySettings, nowMs: number): readonly [before: Span, after: Span] {
  const startMs = changedAtMs + settings.settle;
  const endMs = Math.min(nowMs, settings.after === undefined ? nowMs : startMs + settings.after);
  if (endMs - startMs < MIN_SPAN_MS) {
    const wait = Math.ceil((startMs + MIN_SPAN_MS - nowMs) / 1000);
    throw new ConfigError([
      `the change at ${new Date(changedAtMs).toISOString()} is too fresh: ask again in ${wait} s (--settle, and a minute to look at)`,
    ]);
  }
  return [
    { startMs: changedAtMs - settings.before, endMs: changedAtMs },
    { startMs, endMs },
  ];
}

const MIN_SPAN_MS = 60_000;

/** @throws ConfigError for a file that cannot be read, or holds something else. */
function addressOf(settings: VerifySettings): PrometheusAddress {
  const { prometheus, bearerTokenFile, basicAuthFile, caFile, orgId } = settings;
  const headers: Record<string, string> = { "user-agent": `hairpin-probe/${VERSION}` };
  if (bearerTokenFile !== undefined) headers.authorization = `Bearer ${secretIn("--bearer-token-file", bearerTokenFile)}`;
  if (basicAuthFile !== undefined) {
    const pair = secretIn("--basic-auth-file", basicAuthFile);
    if (!pair.includes(":")) throw new ConfigError([`--basic-auth-file: ${basicAuthFile}: expected user:password`]);
    headers.authorization = `Basic ${Buffer.from(pair).toString("base64")}`;
  }
  if (orgId !== undefined) headers["x-scope-orgid"] = orgId;
  return { url: prometheus, headers, ...(caFile === undefined ? {} : { ca: fileOf("--ca-file", caFile) }) };
}

function secretIn(flag: string, path: string): string {
  const text = fileOf(flag, path).trim();
  if (!/^[\x20-\x7e]+$/.test(text)) throw new ConfigError([`${flag}: ${path}: expected one line of printable characters`]);
  return text;
}

function fileOf(flag: string, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new ConfigError([`${flag}: ${error instanceof Error ? error.message : String(error)}`]);
  }
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
