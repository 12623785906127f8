import { ConfigError } from "../config/load.ts";
import type { VerifySettings } from "../config/verify-definitions.ts";
import { serviceKey } from "../domain/service.ts";
import { continued } from "../verify/agents/continued.ts";
import { configurationsIn, servicesIn } from "../verify/agents/observe.ts";
import type { AgentSource, Reading } from "../verify/agents/reading.ts";
import { ServiceWatch } from "../verify/agents/service-watch.ts";
import { lengthOf } from "../verify/report.ts";
import type { VerifyResult } from "../verify/summary.ts";
import { LAG_MS, MAX_WATCH_MS, pause, type VerifyHost } from "./verify-host.ts";

/**
 * Watches the agents' own counters through a change: it counts until the configuration changes, leaves the settle time out, and counts on
 * until the verdict stands. Of all Services, those are judged that have changed by the time that the verdicts on them stand.
 *
 * @returns what there is, also when Ctrl-C ends it.
 * @throws UnreadableError when no agent answers, at first or for minutes; ConfigError when the Service is none that the agents probe, or
 * nothing changes in the time given for it.
 */
export async function verifyByAgents(settings: VerifySettings, agents: AgentSource, host: VerifyHost): Promise<VerifyResult> {
  const { now, progress, signal } = host;
  const source = continued(agents, now);
  const first = await source.read();
  const watches = watchesOf(settings, first);
  for (;;) {
    await pause(source.readEveryMs(), signal);
    const reading = await source.read().catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
    if (reading === undefined) break;
    for (const watch of watches) watch.take(reading);
    const changed = watches.filter(({ hasChanged }) => hasChanged);
    if (changed.length > 0 && changed.every(({ isOver }) => isOver)) break;
    if (changed.length === 0 && reading.atMs - first.atMs > settings.before) throw nothingChanged(settings);
    progress.show(() => progressText(watches, changed));
  }
  return {
    reports: watches.flatMap(({ report }) => (report === undefined ? [] : [report])),
    notJudged: watches
      .filter(({ report }) => report === undefined)
      .map(({ name }) => ({ service: name, why: "its configuration did not change" })),
  };
}

function watchesOf({ service, settle, after }: VerifySettings, first: Reading): readonly ServiceWatch[] {
  if (service !== undefined && configurationsIn(first, service).length === 0)
    throw new ConfigError([`${serviceKey(service)}: no agent that answers probes such a Service`]);
  const services = service === undefined ? servicesIn(first) : [service];
  if (services.length === 0) throw new ConfigError(["--all: no agent that answers probes any Service"]);
  const options = { settleMs: settle, afterMs: after ?? MAX_WATCH_MS, lagMs: LAG_MS };
  return services.map((each) => new ServiceWatch(each, first, options));
}

function nothingChanged({ service, before }: VerifySettings): ConfigError {
  const whose = service === undefined ? "--all: no Service's" : `${serviceKey(service)}: the`;
  const verb = service === undefined ? "changed" : "did not change";
  return new ConfigError([`${whose} configuration ${verb} within ${lengthOf(before)} (--before)`]);
}

function progressText(watches: readonly ServiceWatch[], changed: readonly ServiceWatch[]): string {
  const [only] = changed.length === 1 ? changed : watches;
  if (watches.length === 1 || changed.length === 1) return only?.progress ?? "";
  if (changed.length === 0) return `counting at ${watches.length} Services; make the changes now`;
  return `${changed.filter(({ isOver }) => isOver).length} of ${changed.length} verdicts stand`;
}
