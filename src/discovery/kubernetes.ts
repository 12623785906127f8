import type { Clock } from "../domain/clock.ts";
import { type ControllerContext, DEFAULT_CONTEXT } from "../domain/controller-context.ts";
import type { Snapshot } from "../domain/snapshot.ts";
import type { KubeApi } from "./api/kube-api.ts";
import { Reflector, type ReflectorTiming } from "./api/reflector.ts";
import { parseService } from "./objects/service-object.ts";
import { classifyService } from "./rules/classify.ts";
import { SliceWatch } from "./slice-watch.ts";
import { buildSnapshot, type ClassifiedService, type NamespacedName, nlbServicesOf } from "./snapshot.ts";

export interface KubernetesDiscoveryOptions {
  readonly api: KubeApi;
  /** The agents' own headless Service, whose slices tell the nodes. */
  readonly agentsService?: NamespacedName | undefined;
  /** What the operator says about the cluster's controllers. */
  readonly context?: ControllerContext;
  /** Path of HTTP requests where a Service names none. */
  readonly defaultPath: string;
  readonly clock: Clock;
  /** From 0 to 1, 1 excluded. */
  readonly random: () => number;
  /** Ends discovery. */
  readonly signal: AbortSignal;
  readonly timing?: Partial<ReflectorTiming>;
  /** A whole snapshot: the first when everything has been listed once, then after changes, at most one per 100 ms. */
  readonly onSnapshot: (snapshot: Snapshot) => void;
  /** Each list or watch that failed, and each object that cannot be read. Nothing stops because of it. */
  readonly onError: (trouble: { readonly resource: "services" | "endpointslices"; readonly error: Error }) => void;
}

export interface KubernetesDiscovery {
  /** Milliseconds since the API server last gave a sign of life, for the staler resource; `undefined` before the first snapshot. */
  ageMs(): number | undefined;
  /** Ends after the signal was aborted; rejects only with what a callback threw. */
  readonly done: Promise<void>;
}

/** Events come in bursts (a rollout is hundreds of them); a plan per burst is enough. */
const COALESCE_MS = 100;

/** Watches Services and the EndpointSlices of those that are internal NLBs, and tells what is there as whole snapshots. */
export function startKubernetesDiscovery(options: KubernetesDiscoveryOptions): KubernetesDiscovery {
  const {
    api,
    agentsService,
    context = DEFAULT_CONTEXT,
    defaultPath,
    clock,
    random,
    signal,
    timing = {},
    onSnapshot,
    onError,
  } = options;
  const stop = new AbortController();
  const shared = { api, clock, random, signal: stop.signal, timing };
  let services: ReadonlyMap<string, ClassifiedService> | undefined;
  let cancelEmit: (() => void) | undefined;
  let lastEmitMs: number | undefined;
  let fault: { readonly error: unknown } | undefined;

  const emit = (): void => {
    cancelEmit = undefined;
    if (services === undefined || slices.isPending) return;
    lastEmitMs = clock.nowMs();
    const isListed = (name: string): boolean => slices.isListed(name);
    try {
      onSnapshot(buildSnapshot(services.values(), slices.objects(), agentsService, isListed));
    } catch (error) {
      onFault(error);
    }
  };
  const changed = (): void => {
    const dueMs = lastEmitMs === undefined ? 0 : lastEmitMs + COALESCE_MS - clock.nowMs();
    cancelEmit ??= clock.after(Math.max(0, dueMs), emit);
  };
  const onFault = (error: unknown): void => {
    fault ??= { error };
    stop.abort();
  };

  const slices = new SliceWatch({
    ...shared,
    onChange: changed,
    onError: (error) => onError({ resource: "endpointslices", error }),
    onFault,
  });
  const serviceReflector = new Reflector<ClassifiedService>({
    ...shared,
    resource: { path: "/api/v1/services", query: { fieldSelector: "spec.type=LoadBalancer" } },
    parse: (object) => {
      const service = parseService(object);
      const { namespace, name } = service;
      return { namespace, name, classification: classifyService(service, { context }, defaultPath) };
    },
    onChange: (objects) => {
      services = objects;
      const names = new Set(nlbServicesOf(objects.values()).map(({ name }) => name));
      if (agentsService !== undefined) names.add(agentsService.name);
      slices.want(names);
      changed();
    },
    onError: (error) => onError({ resource: "services", error }),
  });

  const abort = (): void => stop.abort(signal.reason);
  if (signal.aborted) abort();
  else signal.addEventListener("abort", abort, { once: true });

  async function run(): Promise<void> {
    await serviceReflector.done.catch(onFault);
    cancelEmit?.();
    signal.removeEventListener("abort", abort);
    await slices.ended();
    if (fault !== undefined) throw fault.error;
  }

  return {
    ageMs() {
      const contacts = [serviceReflector.lastContactMs(), slices.lastContactMs()].filter((contact) => contact !== undefined);
      return lastEmitMs === undefined ? undefined : clock.nowMs() - Math.min(...contacts);
    },
    done: run(),
  };
}
