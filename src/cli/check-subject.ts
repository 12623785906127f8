import { isIP } from "node:net";
import type { CheckSettings } from "../config/check-definitions.ts";
import { controllerContextOf } from "../config/controller-definitions.ts";
import { ConfigError } from "../config/load.ts";
import type { KubeApi } from "../discovery/api/kube-api.ts";
import { createResolver } from "../discovery/dns/resolver.ts";
import { startKubernetesDiscovery } from "../discovery/kubernetes.ts";
import type { CheckTarget } from "../domain/check-target.ts";
import type { Resolution } from "../domain/frontend.ts";
import { type NlbService, serviceKey } from "../domain/service.ts";
import { mergeSnapshots, type Snapshot, zonesOf } from "../domain/snapshot.ts";
import { defaultTargetGroup, UNKNOWN_SWITCH } from "../domain/target-group.ts";
import { systemClock } from "../schedule/system-clock.ts";

/** A server that has said nothing of use by then is taken to be out of reach. */
const SNAPSHOT_WITHIN_MS = 20_000;
/** The resolver itself gives a name up before. */
const RESOLVED_WITHIN_MS = 25_000;

/** The cluster could not be read. */
export class UnreachableError extends Error {
  override readonly name = "UnreachableError";
}

/** A host and port as an NLB about which nothing is known but its address. */
export function snapshotOfHost({ host, port }: Extract<CheckTarget, { kind: "host" }>): Snapshot {
  const targetGroup = { ...defaultTargetGroup(undefined), preserveClientIp: UNKNOWN_SWITCH, ipFamily: undefined };
  const service: NlbService = {
    namespace: "",
    name: host,
    controller: "static",
    hostname: isIP(host) === 0 ? host : undefined,
    addresses: isIP(host) === 0 ? [] : [{ address: host, zone: undefined }],
    shortcuts: [],
    zonalAffinity: false,
    listeners: [{ port, name: "", protocol: "tcp", path: "/", tlsTerminated: false, targetGroup }],
  };
  return { services: [{ service, backends: [], areBackendsListed: true }], skipped: [], nodes: [] };
}

/**
 * What the cluster says, once.
 *
 * @throws UnreachableError when it does not answer.
 */
export async function readSnapshot(
  api: KubeApi,
  settings: CheckSettings,
  file: Snapshot | undefined,
  signal: AbortSignal,
): Promise<Snapshot> {
  const stop = new AbortController();
  const ended = AbortSignal.any([signal, stop.signal]);
  const others = (file?.services ?? []).filter(({ backends }) => backends.length === 0).map(({ service }) => service);
  let cancelDeadline: (() => void) | undefined;
  try {
    return await new Promise<Snapshot>((resolve, reject) => {
      let failures = 0;
      const fail = (why: string): void => reject(new UnreachableError(why));
      let lastError = "no answer";
      cancelDeadline = systemClock.after(SNAPSHOT_WITHIN_MS, () => fail(lastError));
      signal.addEventListener("abort", () => fail("interrupted"), { once: true });
      const discovery = startKubernetesDiscovery({
        api,
        agentsService: settings.agentsService,
        others,
        context: controllerContextOf(settings),
        defaultPath: settings.httpPath,
        clock: systemClock,
        random: Math.random,
        signal: ended,
        onSnapshot: resolve,
        onError: ({ resource, error }) => {
          lastError = `${resource}: ${error.message}`;
          // Without these there is nothing to check; the others it goes on without.
          if (resource === "services" && ++failures > 1) fail(lastError);
        },
      });
      discovery.done.catch(reject);
    });
  } finally {
    cancelDeadline?.();
    stop.abort();
  }
}

/**
 * The one NLB to check, out of all that is known, with the nodes that its exposure follows from.
 *
 * @throws ConfigError when there is none of that name, or it is none that can be probed.
 */
export function only(target: Extract<CheckTarget, { kind: "service" }>, sources: readonly Snapshot[]): Snapshot {
  const whole = mergeSnapshots(sources);
  const key = serviceKey(target);
  const found = whole.services.find(({ service }) => serviceKey(service) === key);
  if (found === undefined) {
    const skipped = whole.skipped.find((service) => serviceKey(service) === key);
    throw new ConfigError([
      skipped === undefined
        ? `${key}: there is no internal NLB of that name, expected one that the agents probe`
        : `${key}: is not probed (${skipped.reason}): ${skipped.detail}`,
    ]);
  }
  const { service } = found;
  const listeners = service.listeners.filter(({ port }) => target.port === undefined || port === target.port);
  if (listeners.length === 0) {
    const ports = service.listeners.map(({ port }) => port).join(", ");
    throw new ConfigError([`${key}: got port ${target.port}, expected one of ${ports}`]);
  }
  return { services: [{ ...found, service: { ...service, listeners } }], skipped: [], nodes: whole.nodes };
}

/** What DNS says about the NLB's name, once; `undefined`: it has none. */
export async function resolveOnce(snapshot: Snapshot, signal: AbortSignal): Promise<Resolution | undefined> {
  const hostname = snapshot.services[0]?.service.hostname;
  if (hostname === undefined || (snapshot.services[0]?.service.addresses.length ?? 0) > 0) return undefined;
  const stop = new AbortController();
  let cancelDeadline: (() => void) | undefined;
  try {
    return await new Promise<Resolution>((resolve) => {
      const nothing = (detail: string): void => resolve({ kind: "failed", detail, lastAddresses: [], overLimit: 0 });
      cancelDeadline = systemClock.after(RESOLVED_WITHIN_MS, () => nothing(`${hostname}: DNS did not answer`));
      const look = (): void => {
        const resolution = resolver.resolution(hostname);
        if (resolution !== undefined) resolve(resolution);
      };
      const resolver = createResolver({
        clock: systemClock,
        random: Math.random,
        signal: AbortSignal.any([signal, stop.signal]),
        withdrawnGraceMs: 0,
        onResolved: () => {},
        onChange: look,
        // It is in the resolution as well.
        onError: () => {},
      });
      signal.addEventListener("abort", () => nothing("interrupted"), { once: true });
      resolver.want(new Map([[hostname, zonesOf(snapshot)]]));
      look();
    });
  } finally {
    cancelDeadline?.();
    stop.abort();
  }
}
