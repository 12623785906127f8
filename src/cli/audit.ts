import { type Finding, judge, sortFindings } from "../audit/finding.ts";
import { renderJson } from "../audit/json.ts";
import { renderMarkdown } from "../audit/markdown.ts";
import { type AuditReport, renderText } from "../audit/text.ts";
import type { AuditSettings } from "../config/audit-definitions.ts";
import { controllerContextOf } from "../config/controller-definitions.ts";
import { type Inventory, readInventory } from "../discovery/inventory.ts";
import { highestExposure } from "../plan/highest-exposure.ts";
import { systemClock } from "../schedule/system-clock.ts";
import { AUDIT_EXIT } from "./exit-codes.ts";
import { type CommandStreams, connectAsKubectl, explain, painterFor, widthOf } from "./streams.ts";

/**
 * Reads the cluster once and says which load balancers can hairpin.
 *
 * @returns the exit code.
 * @throws ConfigError when the kubeconfig is of no use.
 */
export async function runAuditCommand(settings: AuditSettings, streams: CommandStreams, signal: AbortSignal): Promise<number> {
  const api = await connectAsKubectl(settings, streams.env);
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
    return failing ? AUDIT_EXIT.found.code : AUDIT_EXIT.fine.code;
  } catch (error) {
    if (signal.aborted) return AUDIT_EXIT.interrupted.code;
    streams.stderr.write(`hairpin-probe: cannot read the cluster at ${api.server}: ${explain(error)}\n`);
    return AUDIT_EXIT.unreachable.code;
  } finally {
    await api.close();
  }
}

function findingsOf({ items, nodes }: Inventory): readonly Finding[] {
  return items.map(({ loadBalancer, skipped, fix, backends }) => {
    const highest = nodes !== undefined && backends !== undefined ? highestExposure(loadBalancer, nodes, backends) : undefined;
    return judge({ loadBalancer, skipped, fix, exposure: highest?.exposure, exposedNode: highest?.node, idle: highest?.idle });
  });
}

function render(report: AuditReport, { output, noColor }: AuditSettings, { stdout }: CommandStreams): string {
  if (output === "json") return renderJson(report);
  if (output === "markdown") return renderMarkdown(report);
  return renderText(report, widthOf(stdout), painterFor(noColor, stdout));
}
