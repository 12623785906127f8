import { ConfigError } from "../config/load.ts";
import type { VerifySettings } from "../config/verify-definitions.ts";
import { agentsAtAddresses } from "../verify/agents/addresses.ts";
import { agentsInPods } from "../verify/agents/pods.ts";
import { type AgentSource, NoAgentsError, UnreadableError } from "../verify/agents/reading.ts";
import { renderJson, renderSummaryJson } from "../verify/json.ts";
import { renderMarkdown, renderSummaryMarkdown } from "../verify/markdown.ts";
import { PrometheusError } from "../verify/prometheus/client.ts";
import { SeveralClustersError } from "../verify/prometheus/subject.ts";
import { overallVerdict, sortReports, type VerifyResult } from "../verify/summary.ts";
import { renderSummaryText } from "../verify/summary-text.ts";
import { renderSvg } from "../verify/svg.ts";
import { renderText } from "../verify/text.ts";
import { agentPods } from "./agent-pods.ts";
import { VERIFY_EXIT } from "./exit-codes.ts";
import { ProgressLine } from "./progress-line.ts";
import { type CommandStreams, connectAsKubectl, painterFor, widthOf } from "./streams.ts";
import { verifyByAgents } from "./verify-agents.ts";
import type { VerifyHost } from "./verify-host.ts";
import { verifyByPrometheus } from "./verify-prometheus.ts";

/**
 * Compares what the agents counted before and after a change, and says whether it ended the hairpin: of one Service, or of all.
 *
 * @param now - Milliseconds since the epoch.
 * @returns the exit code.
 * @throws ConfigError when a file that was named is of no use, there is no such Service, there are no agents, no change is to be found, or
 * it is too fresh.
 */
export async function runVerifyCommand(
  settings: VerifySettings,
  streams: CommandStreams,
  now: () => number,
  signal: AbortSignal,
): Promise<number> {
  const progress = new ProgressLine(streams.stderr, painterFor(settings.noColor, streams.stderr), () => performance.now());
  const host: VerifyHost = { now, progress, signal };
  const agents = await agentsOf(settings, streams, host);
  try {
    const result = await (agents === undefined ? verifyByPrometheus(settings, host) : verifyByAgents(settings, agents, host));
    progress.clear();
    if (result.reports.length > 0) streams.stdout.write(render(result, settings, streams));
    return signal.aborted ? VERIFY_EXIT.interrupted.code : VERIFY_EXIT[overallVerdict(result.reports)].code;
  } catch (error) {
    progress.clear();
    if (signal.aborted) return VERIFY_EXIT.interrupted.code;
    if (error instanceof SeveralClustersError) throw new ConfigError([`${error.message}: name one with --cluster`]);
    if (error instanceof NoAgentsError) throw new ConfigError([error.message]);
    if (!(error instanceof PrometheusError || error instanceof UnreadableError)) throw error;
    streams.stderr.write(`hairpin-probe: ${error.message}\n`);
    return VERIFY_EXIT.unreachable.code;
  } finally {
    await agents?.close();
  }
}

/** @returns `undefined` where a Prometheus is to be asked. */
async function agentsOf(
  settings: VerifySettings,
  { env }: CommandStreams,
  { now, signal }: VerifyHost,
): Promise<AgentSource | undefined> {
  const { service, agents } = settings;
  const options = { service, nowMs: now, signal };
  if (agents?.kind === "addresses") return agentsAtAddresses(agents.addresses, options);
  if (agents?.kind === "namespace")
    return agentsInPods(agentPods(await connectAsKubectl(settings, env), agents.namespace, signal), options);
  return undefined;
}

function render(result: VerifyResult, { service, output, noColor }: VerifySettings, { stdout }: CommandStreams): string {
  const [width, paint] = [widthOf(stdout), painterFor(noColor, stdout)];
  if (output === "svg") return renderSvg(sortReports(result.reports));
  const [only] = result.reports;
  if (service !== undefined && only !== undefined) {
    const one = { json: renderJson, markdown: renderMarkdown, text: () => renderText(only, width, paint) };
    return one[output](only);
  }
  const many = { json: renderSummaryJson, markdown: renderSummaryMarkdown, text: () => renderSummaryText(result, width, paint) };
  return many[output](result);
}
