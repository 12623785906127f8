import { ConfigError } from "../config/load.ts";
import type { VerifySettings } from "../config/verify-definitions.ts";
import { forEachBounded } from "../domain/for-each-bounded.ts";
import { serviceKey } from "../domain/service.ts";
import { PrometheusClient } from "../verify/prometheus/client.ts";
import { servicesSeen } from "../verify/prometheus/find.ts";
import { lengthOf } from "../verify/report.ts";
import type { NotJudged, VerifyResult } from "../verify/summary.ts";
import { prometheusAddress } from "./prometheus-address.ts";
import { pause, SEARCH_MS, type VerifyHost } from "./verify-host.ts";
import { NotJudgedError, ServiceInPrometheus } from "./verify-prometheus-service.ts";

/** How often `--watch` looks. */
const LOOK_EVERY_MS = 10_000;
/** Services that are looked at at a time: each takes a dozen queries. */
const AT_A_TIME = 4;

/**
 * Reads both spans out of a Prometheus: once, or again and again until the verdicts stand, the spans after the changes are over, or Ctrl-C:
 * what there is then is not lost.
 *
 * @throws PrometheusError, SeveralClustersError, and ConfigError as `runVerifyCommand` has it.
 */
export async function verifyByPrometheus(settings: VerifySettings, host: VerifyHost): Promise<VerifyResult> {
  const client = new PrometheusClient(prometheusAddress(settings), host.signal);
  try {
    const { service } = settings;
    const names = service === undefined ? await allServices(client, settings, host.now()) : [service];
    const services = names.map((name) => new ServiceInPrometheus(client, settings, name));
    const notJudged = await lookAt(services, settings, host);
    const [only] = notJudged;
    if (service !== undefined && only !== undefined) throw new ConfigError([`${only.service}: ${only.why}`]);
    const reports = services.flatMap(({ report }) => (report === undefined ? [] : [report]));
    if (reports.length === 0 && only !== undefined && !host.signal.aborted)
      throw new ConfigError([`--all: none of ${notJudged.length} Services can be judged; of ${only.service}, ${only.why}`]);
    return { reports, notJudged };
  } finally {
    await client.close();
  }
}

/** @returns those of which there is nothing to say, and why. */
async function lookAt(
  services: readonly ServiceInPrometheus[],
  { watch }: VerifySettings,
  { now, progress, signal }: VerifyHost,
): Promise<readonly NotJudged[]> {
  const notJudged: NotJudged[] = [];
  let pending = services;
  for (;;) {
    const nowMs = now();
    const given = new Set<ServiceInPrometheus>();
    try {
      await forEachBounded(pending, AT_A_TIME, async (each) => {
        try {
          await each.look(nowMs);
        } catch (error) {
          if (!(error instanceof NotJudgedError)) throw error;
          given.add(each);
          notJudged.push({ service: each.name, why: error.message });
        }
      });
    } catch (error) {
      if (!signal.aborted) throw error;
    }
    pending = pending.filter((each) => !each.isOver && !given.has(each));
    if (!watch || pending.length === 0 || signal.aborted) return notJudged;
    progress.show(() => progressText(services, pending));
    await pause(LOOK_EVERY_MS, signal);
  }
}

function progressText(services: readonly ServiceInPrometheus[], pending: readonly ServiceInPrometheus[]): string {
  const [only] = services;
  if (services.length === 1 && only !== undefined) return only.progress;
  const seconds = pending.map(({ report }) => report?.judgement.secondsNeeded ?? 0);
  const left = Math.max(0, ...seconds);
  return `${services.length - pending.length} of ${services.length} verdicts stand${left === 0 ? "" : `, enough in ${lengthOf(left * 1000)}`}`;
}

/** All Services that agents reported on since the change, or in the time in which one is looked for. */
async function allServices(client: PrometheusClient, { cluster, at, before }: VerifySettings, nowMs: number) {
  const startMs = at === undefined ? nowMs - SEARCH_MS : (at.kind === "at" ? at.ms : nowMs - at.ms) - before;
  const services = await servicesSeen(client, cluster, { startMs, endMs: nowMs });
  if (services.length === 0) throw new ConfigError(["--all: Prometheus knows of no Service that agents probed in this time"]);
  return services.toSorted((a, b) => (serviceKey(a) < serviceKey(b) ? -1 : 1));
}
