import { homedir } from "node:os";
import { join } from "node:path";
import { styleText } from "node:util";
import { type Finding, judge, sortFindings } from "../audit/finding.ts";
import { renderJson } from "../audit/json.ts";
import { renderMarkdown } from "../audit/markdown.ts";
import { type AuditReport, type Paint, renderText } from "../audit/text.ts";
import type { AuditSettings } from "../config/audit-definitions.ts";
import { controllerContextOf } from "../config/controller-definitions.ts";
import { ConfigError } from "../config/load.ts";
import type { KubeApi } from "../discovery/api/kube-api.ts";
import { KubeConfigError, loadKubeApi } from "../discovery/api/kube-config.ts";
import { type Inventory, readInventory } from "../discovery/inventory.ts";
import { highestExposure } from "../plan/highest-exposure.ts";
import { systemClock } from "../schedule/system-clock.ts";
import { VERSION } from "../version.ts";

/** 0: none can hairpin; 1: some can (or, if asked for, it is not known); 4: the API did not answer; 130: Ctrl-C. 2 is a wrong call. */
const EXIT = { fine: 0, found: 1, unreachable: 4, interrupted: 130 } as const;

export interface AuditStreams {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}

/**
 * Reads the cluster once and says which load balancers can hairpin.
 *
 * @returns the exit code.
 * @throws ConfigError when the kubeconfig is of no use.
 */
export async function runAuditCommand(settings: AuditSettings, streams: AuditStreams, signal: AbortSignal): Promise<number> {
  const api = await connect(settings, streams.env);
  try {
    const inventory = await readInventory({
      api,
      namespaces: settings.namespace ?? [],
      context: controllerContextOf(settings),
      clock: systemClock,
      signal,
    });
    const all = sortFindings(findingsOf(inventory), settings.sort);
    const findings = all.filter(({ verdict }) => settings.verdict?.includes(verdict) ?? true);
    streams.stdout.write(render({ findings, all, notes: inventory.notes }, settings, streams));
    const failing = all.some(({ verdict }) => verdict === "can" || (settings.failOn === "unknown" && verdict === "unknown"));
    return failing ? EXIT.found : EXIT.fine;
  } catch (error) {
    if (signal.aborted) return EXIT.interrupted;
    streams.stderr.write(`hairpin-probe: cannot read the cluster at ${api.server}: ${explain(error)}\n`);
    return EXIT.unreachable;
  } finally {
    await api.close();
  }
}

async function connect({ kubeconfig, context }: AuditSettings, env: AuditStreams["env"]): Promise<KubeApi> {
  // As kubectl does; in a pod there is a service account.
  const usual = env.KUBECONFIG === undefined && env.KUBERNETES_SERVICE_HOST === undefined;
  const file = kubeconfig ?? (usual ? join(env.HOME ?? homedir(), ".kube", "config") : undefined);
  try {
    return await loadKubeApi({ kubeconfig: file, context, env, userAgent: `hairpin-probe/${VERSION}` });
  } catch (error) {
    if (error instanceof KubeConfigError) throw new ConfigError([error.message]);
    throw error;
  }
}

function findingsOf({ items, nodes }: Inventory): readonly Finding[] {
  return items.map(({ loadBalancer, fix, backends }) => {
    const highest = nodes !== undefined && backends !== undefined ? highestExposure(loadBalancer, nodes, backends) : undefined;
    return judge({ loadBalancer, fix, exposure: highest?.exposure, exposedNode: highest?.node });
  });
}

function render(report: AuditReport, { output, noColor }: AuditSettings, { stdout }: AuditStreams): string {
  if (output === "json") return renderJson(report);
  if (output === "markdown") return renderMarkdown(report);
  const paint: Paint = noColor ? (_, text) => text : (format, text) => styleText(format, text, { stream: stdout });
  // A pipe takes lines of any length, and what reads them wants whole names.
  return renderText(report, stdout.isTTY ? stdout.columns : Number.POSITIVE_INFINITY, paint);
}

/** A connection that failed says why in its causes. */
function explain(error: unknown): string {
  const messages: string[] = [];
  for (let cause = error; cause instanceof Error && messages.length < 4; cause = cause.cause) {
    const several =
      cause instanceof AggregateError ? cause.errors.map((each) => (each instanceof Error ? each.message : String(each))) : [];
    messages.push([cause.message, ...several].filter(Boolean).join(", "));
  }
  return messages.length === 0 ? String(error) : [...new Set(messages)].join(": ");
}
