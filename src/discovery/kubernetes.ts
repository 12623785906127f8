import type { Clock } from "../domain/clock.ts";
import { type ControllerContext, DEFAULT_CONTEXT } from "../domain/controller-context.ts";
import type { KubernetesResource, OptionalResourceName, ResourceState } from "../domain/resources.ts";
import type { Snapshot } from "../domain/snapshot.ts";
import type { KubeApi } from "./api/kube-api.ts";
import { Reflector } from "./api/reflector.ts";
import { type Classified, ClusterClassifier, clusterObjectsOf, type NamespacedName } from "./cluster.ts";
import { parseService, type ServiceObject } from "./objects/service-object.ts";
import { OptionalResources, type OptionalResourcesTiming } from "./optional-resources.ts";
import { isServiceName } from "./slice-selectors.ts";
import { SliceWatch, type SliceWatchTiming } from "./slice-watch.ts";
import { SnapshotBuilder, servicesBehind } from "./snapshot.ts";

export interface KubernetesDiscoveryOptions {
  readonly api: KubeApi;
  /** The agents' own headless Service, whose slices tell the nodes. */
  readonly agentsService?: NamespacedName | undefined;
  /** Services that another source names as NLBs, and whose backends it does not know. */
  readonly others?: readonly NamespacedName[];
  /** What the operator says about the cluster's controllers. */
  readonly context?: ControllerContext;
  /** Path of HTTP requests where a Service names none. */
  readonly defaultPath: string;
  readonly clock: Clock;
  /** From 0 to 1, 1 excluded. */
  readonly random: () => number;
  /** Ends discovery. */
  readonly signal: AbortSignal;
  readonly timing?: Partial<SliceWatchTiming & OptionalResourcesTiming>;
  /** A whole snapshot: the first when everything has been listed once, then after changes, at most one per 100 ms. */
  readonly onSnapshot: (snapshot: Snapshot) => void;
  /** Each list or watch that failed, and each object that cannot be read. Nothing stops because of it. */
  readonly onError: (trouble: { readonly resource: KubernetesResource; readonly error: Error }) => void;
  /** Whether a resource that a cluster need not have is watched, once and when that changes; `message` says why it is not. */
  readonly onState?: (resource: OptionalResourceName, state: ResourceState, message: string) => void;
}

export interface KubernetesDiscovery {
  /** Milliseconds since the API server last gave a sign of life, for the staler resource; `undefined` before the first snapshot. */
  ageMs(): number | undefined;
  /** Ends after the signal was aborted; rejects only with what a callback threw. */
  readonly done: Promise<void>;
}

/** Events come in bursts (a rollout is hundreds of them); a plan per burst is enough. */
const COALESCE_MS = 100;

/** An ExternalName Service has neither ports nor pods. */
const SERVICES = { path: "/api/v1/services", query: { fieldSelector: "spec.type!=ExternalName" } };

/** Watches all that NLBs are made of, and the EndpointSlices behind the internal ones, and tells what is there as whole snapshots. */
export function startKubernetesDiscovery(options: KubernetesDiscoveryOptions): KubernetesDiscovery {
  const { api, agentsService, others = [], clock, random, signal, timing = {}, onSnapshot, onError, onState } = options;
  const stop = new AbortController();
  const shared = { api, clock, random, signal: stop.signal, timing };
  const classifier = new ClusterClassifier(options.context ?? DEFAULT_CONTEXT, options.defaultPath);
  const builder = new SnapshotBuilder();
  let services: ReadonlyMap<string, ServiceObject> | undefined;
  let cancelRefresh: (() => void) | undefined;
  let lastRefreshMs: number | undefined;
  let hasSnapshot = false;
  let fault: { readonly error: unknown } | undefined;

  const onFault = (error: unknown): void => {
    fault ??= { error };
    stop.abort();
  };
  const refresh = (): void => {
    cancelRefresh = undefined;
    if (services === undefined || stop.signal.aborted || (!hasSnapshot && !optional.isSettled)) return;
    lastRefreshMs = clock.nowMs();
    try {
      const classified = classifier.classify(clusterObjectsOf(services, optional.objects(), (name) => optional.isUnread(name)));
      slices.want(namesOf(classified));
      if (slices.isPending) return;
      hasSnapshot = true;
      // What cannot be the name of a Service has no slices, and is not waited for.
      const isListed = (name: string): boolean => !isServiceName(name) || slices.isListed(name);
      onSnapshot(builder.build({ classified, slices: slices.objects(), agentsService, others, isListed }));
    } catch (error) {
      onFault(error);
    }
  };
  const namesOf = (classified: readonly Classified[]): ReadonlySet<string> => {
    const behind = classified.filter(({ classification }) => classification.kind === "nlb").flatMap(servicesBehind);
    const wanted = [...behind, ...others, ...(agentsService === undefined ? [] : [agentsService])];
    return new Set(wanted.map(({ name }) => name).filter(isServiceName));
  };
  const changed = (): void => {
    const dueMs = lastRefreshMs === undefined ? 0 : lastRefreshMs + COALESCE_MS - clock.nowMs();
    cancelRefresh ??= clock.after(Math.max(0, dueMs), refresh);
  };

  const slices = new SliceWatch({
    ...shared,
    agentsService: agentsService?.name,
    onChange: changed,
    onError: (error) => onError({ resource: "endpointslices", error }),
    onFault,
  });
  const optional = new OptionalResources({
    ...shared,
    onChange: changed,
    onError: (resource, error) => onError({ resource, error }),
    onState: (resource, state, message) => onState?.(resource, state, message),
    onFault,
  });
  const serviceReflector = new Reflector<ServiceObject>({
    ...shared,
    resource: SERVICES,
    parse: parseService,
    onChange: (objects) => {
      services = objects;
      changed();
    },
    onError: (error) => onError({ resource: "services", error }),
  });

  const abort = (): void => stop.abort(signal.reason);
  if (signal.aborted) abort();
  else signal.addEventListener("abort", abort, { once: true });

  async function run(): Promise<void> {
    await serviceReflector.done.catch(onFault);
    cancelRefresh?.();
    signal.removeEventListener("abort", abort);
    await Promise.all([slices.ended(), optional.ended()]);
    if (fault !== undefined) throw fault.error;
  }

  return {
    ageMs() {
      const contacts = [serviceReflector.lastContactMs(), slices.lastContactMs()].filter((contact) => contact !== undefined);
      return hasSnapshot ? clock.nowMs() - Math.min(...contacts) : undefined;
    },
    done: run(),
  };
}
