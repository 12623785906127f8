import { Agent } from "../agent.ts";
import { controllerContextOf } from "../config/controller-definitions.ts";
import type { Settings } from "../config/definitions.ts";
import { ConfigError } from "../config/load.ts";
import { KubeConfigError, loadKubeApi } from "../discovery/api/kube-config.ts";
import { createResolver, type Resolver } from "../discovery/dns/resolver.ts";
import { type KubernetesDiscovery, startKubernetesDiscovery } from "../discovery/kubernetes.ts";
import { addressPolicy } from "../domain/address.ts";
import type { NlbService } from "../domain/service.ts";
import { mergeSnapshots, type Snapshot, type Source, zonesOf } from "../domain/snapshot.ts";
import { announce } from "../evidence/announcement.ts";
import { BlindSpotWatch } from "../evidence/blind-spots.ts";
import { type EvidenceSource, startEvidence } from "../evidence/start.ts";
import { createLogger, type Logger } from "../logging.ts";
import { AgentMetrics, type DiscoveryResource } from "../metrics/agent-metrics.ts";
import { LoopWatch, systemLoopTimes } from "../probe/loop-watch.ts";
import { systemClock } from "../schedule/system-clock.ts";
import { type Endpoints, startServer } from "../server/http-server.ts";
import { PAGE_HEADERS, renderPage } from "../status-page/page.ts";
import { VERSION } from "../version.ts";
import { HOST } from "./host.ts";
import { readFrontends } from "./read-frontends.ts";
import { followServerTls, readServerTls } from "./server-tls.ts";

const USER_AGENT = `hairpin-probe/${VERSION}`;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Runs the agent until `signal` is aborted.
 *
 * @returns when everything has ended: no attempt, no watch, no listener is left.
 * @throws ConfigError when a file it was told to use is not what it should be; any other error is a broken agent.
 */
export async function runAgentCommand(settings: Settings, env: Environment, signal: AbortSignal): Promise<void> {
  const metrics = new AgentMetrics({
    node: settings.nodeName,
    nowMs: systemClock.nowMs,
    maxSeries: settings.maxSeries,
  });
  const { logger, flush } = createLogger({ level: settings.logLevel, base: { node: settings.nodeName } }, () =>
    metrics.logLineDropped(),
  );
  const report = (resource: DiscoveryResource, error: Error) => {
    metrics.discoveryError(resource);
    logger.warn({ resource, error: error.message }, "discovery failed");
  };
  // Aborted by the signal, or by a part that broke: either way the others end, too.
  const stop = new AbortController();
  const abort = () => stop.abort(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) abort();

  const watch = new LoopWatch(systemLoopTimes, () => {
    agent.awake();
    return evidence.beat();
  });
  const clock = watch.alongWith(systemClock);
  let evidenceNote: string | undefined;
  const evidence: EvidenceSource = startEvidence({
    level: settings.evidence,
    clock,
    timeoutMs: settings.timeout,
    node: settings.nodeName,
    ...HOST,
    onLess: (problem) => {
      evidenceNote = problem;
      logger.warn({ evidence: problem }, "less evidence than asked for");
    },
    onQuiet: (isQuiet) => {
      if (isQuiet) logger.info("nobody else resets connections any more: evidence counts again");
      else
        logger.warn(
          "packets from elsewhere make this pod send resets (a port scan?): timeouts are undecided until a minute after the last",
        );
    },
  });
  const blindSpots = new BlindSpotWatch({
    clock: systemClock,
    onChange: (by, found) => {
      metrics.blinded(by, found !== undefined);
      if (found === undefined) logger.info({ by }, "what blinded the agent is gone");
      else logger.warn(found, "the agent does not see what other pods see");
    },
  });
  const withdraw = evidence.level() === "off" ? () => {} : await announce("agent", process.pid);
  const isAllowed = addressPolicy(settings.allowCidr ?? []);
  const agent: Agent = new Agent({
    ...settings,
    isAllowed,
    userAgent: USER_AGENT,
    clock,
    unixMs: Date.now,
    random: Math.random,
    watch,
    watcher: evidence.watcher,
    onConnected: () => blindSpots.connected(),
    metrics,
    logger,
    resolve: (hostname) => resolver.resolution(hostname),
  });
  const resolver = createResolver({
    clock: systemClock,
    random: Math.random,
    signal: stop.signal,
    withdrawnGraceMs: settings.withdrawnGrace,
    onResolved: ({ seconds }) => metrics.resolved(seconds),
    onChange: () => agent.replan(),
    onError: (error) => report("dns", error),
  });
  const discoversFrom = sourcesOf(settings, env);
  const sources = new Sources({ settings, agent, resolver, logger });
  metrics.watchQuiet(evidence.isQuiet);
  metrics.watchAgent(() => ({
    zone: sources.zone,
    version: VERSION,
    nodeVersion: process.version,
    evidenceLevel: evidence.level(),
    discoversFrom,
  }));
  try {
    const tls = await readServerTls(settings);
    if (settings.frontends !== undefined)
      sources.set("file", readFrontends(settings.frontends, { defaultPath: settings.httpPath, isAllowed }));
    const kubernetes =
      discoversFrom === "file"
        ? undefined
        : await startKubernetes({ settings, env, signal: stop.signal, sources, metrics, logger, report });
    metrics.watchSnapshotAge(() => kubernetes?.ageMs());
    const status = () => {
      const ageMs = kubernetes?.ageMs();
      return agent.status({
        zone: sources.zone ?? null,
        evidence: { level: evidence.level(), note: evidenceNote ?? null, quiet: evidence.isQuiet() ?? null },
        blindSpots: blindSpots.found,
        snapshotAgeSeconds: ageMs === undefined ? null : Math.round(ageMs / 1000),
      });
    };
    const endpoints: Endpoints = {
      page: async () => ({ html: renderPage(await status()), headers: PAGE_HEADERS }),
      status,
      metrics: async () => ({ text: await metrics.registry.render(), contentType: metrics.registry.contentType }),
      ready: () => agent.ready,
      onError: (error) => logger.error({ error: String(error) }, "a request could not be answered"),
    };
    const server = await startServer(settings.metricsAddress, endpoints, tls?.material);
    if (tls !== undefined) {
      const { useTls } = server;
      followServerTls(tls, { clock: systemClock, unixMs: Date.now, signal: stop.signal, metrics, logger, useTls });
    }
    logger.info({ version: VERSION, node_version: process.version, port: server.port }, "agent started");
    try {
      const stopped = new Promise<void>((resolve) => stop.signal.addEventListener("abort", () => resolve(), { once: true }));
      // Discovery ends only when it is told to, or because it is broken; then so is the agent.
      if (!stop.signal.aborted) await Promise.race([stopped, ...(kubernetes === undefined ? [] : [kubernetes.done])]);
    } finally {
      stop.abort();
      const stopped = agent.stop();
      // Whoever waits for a verdict is to get one before it is too late.
      evidence.close();
      await Promise.all([stopped, server.close()]);
      await kubernetes?.done;
    }
    logger.info("agent stopped");
  } finally {
    stop.abort();
    blindSpots.close();
    withdraw();
    signal.removeEventListener("abort", abort);
    flush();
  }
}

/** Those who want to know what is there. */
interface SnapshotUsers {
  readonly settings: Settings;
  readonly agent: Agent;
  readonly resolver: Resolver;
  readonly logger: Logger;
}

/** What each source says at present, brought together for the agent and the resolver. */
class Sources {
  readonly #parts: SnapshotUsers;
  readonly #snapshots = new Map<Source, Snapshot>();
  /** The zone of this node, as far as it is known. */
  zone: string | undefined;

  constructor(parts: SnapshotUsers) {
    this.#parts = parts;
  }

  /** The Services of a source that does not say which pods stand behind them. */
  withoutBackends(source: Source): readonly NlbService[] {
    const services = this.#snapshots.get(source)?.services ?? [];
    return services.filter(({ backends }) => backends.length === 0).map(({ service }) => service);
  }

  set(source: Source, snapshot: Snapshot): void {
    this.#snapshots.set(source, snapshot);
    const { settings, agent, resolver, logger } = this.#parts;
    const whole = mergeSnapshots([...this.#snapshots.values()]);
    const zones = zonesOf(whole);
    const hostnames = whole.services.flatMap(({ service }) => (service.hostname === undefined ? [] : [service.hostname]));
    resolver.want(new Map(hostnames.map((hostname) => [hostname, zones])));
    this.zone = settings.zone ?? whole.nodes.find(({ node }) => node === settings.nodeName)?.zone;
    agent.discovered(whole);
    logger.debug({ source, services: whole.services.length, skipped: whole.skipped.length }, "snapshot");
  }
}

/** Kubernetes inside a cluster always; outside when a kubeconfig is named, or there is no file of frontends to stand alone. */
function sourcesOf({ kubeconfig, frontends }: Settings, env: Environment): Source | "both" {
  if (frontends === undefined) return "kubernetes";
  return kubeconfig !== undefined || env.KUBERNETES_SERVICE_HOST !== undefined ? "both" : "file";
}

interface KubernetesParts {
  readonly settings: Settings;
  readonly env: Environment;
  readonly signal: AbortSignal;
  readonly sources: Sources;
  readonly metrics: AgentMetrics;
  readonly logger: Logger;
  readonly report: (resource: DiscoveryResource, error: Error) => void;
}

async function startKubernetes(parts: KubernetesParts): Promise<KubernetesDiscovery> {
  const { settings, env, signal, sources, metrics, logger, report } = parts;
  const { kubeconfig, context, agentsService, httpPath } = settings;
  try {
    const api = await loadKubeApi({ kubeconfig, context, env, userAgent: USER_AGENT });
    return startKubernetesDiscovery({
      api,
      agentsService,
      others: sources.withoutBackends("file"),
      context: controllerContextOf(settings),
      defaultPath: httpPath,
      clock: systemClock,
      random: Math.random,
      signal,
      onSnapshot: (snapshot) => sources.set("kubernetes", snapshot),
      onError: ({ resource, error }) => report(resource, error),
      onState: (resource, state, message) => {
        metrics.resourceState(resource, state);
        if (state === "watched") logger.debug({ resource }, "resource watched");
        else logger.info({ resource, state, why: message }, "going on without a resource");
      },
    });
  } catch (error) {
    if (error instanceof KubeConfigError) throw new ConfigError([error.message]);
    throw error;
  }
}
