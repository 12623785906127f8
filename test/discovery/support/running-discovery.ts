import {
  type KubernetesDiscovery,
  type KubernetesDiscoveryOptions,
  startKubernetesDiscovery,
} from "../../../src/discovery/kubernetes.ts";
import type { Clock } from "../../../src/domain/clock.ts";
import type { Snapshot } from "../../../src/domain/snapshot.ts";
import { systemClock } from "../../../src/schedule/system-clock.ts";
import { PATIENCE_MS } from "../../support/waiting.ts";
import { ApiServer } from "./api-server.ts";

export const SERVICES = "/api/v1/services";
export const SLICES = "/apis/discovery.k8s.io/v1/endpointslices";
export const GATEWAY_API = "/apis/gateway.networking.k8s.io";
export const AWS_GATEWAY = "/apis/gateway.k8s.aws";
export const BINDINGS = "/apis/elbv2.k8s.aws/v1beta1/targetgroupbindings";
export const AGENTS = { namespace: "monitoring", name: "hairpin-probe" };

export interface Running extends AsyncDisposable {
  readonly server: ApiServer;
  readonly discovery: KubernetesDiscovery;
  readonly snapshots: Snapshot[];
  readonly errors: string[];
  /** What was told of resources that a cluster need not have. */
  readonly states: (readonly [resource: string, state: string])[];
  readonly controller: AbortController;
  last(): Snapshot;
  backends(name: string): readonly (string | undefined)[] | undefined;
}

export async function run(options: {
  readonly prepare?: (server: ApiServer) => void;
  readonly agentsService?: typeof AGENTS;
  readonly onSnapshot?: () => void;
  readonly timing?: KubernetesDiscoveryOptions["timing"];
  readonly others?: KubernetesDiscoveryOptions["others"];
  /** Absent: the process's own. */
  readonly clock?: Clock;
}): Promise<Running> {
  const server = await ApiServer.start();
  options.prepare?.(server);
  const api = server.api();
  const controller = new AbortController();
  const snapshots: Snapshot[] = [];
  const errors: string[] = [];
  const states: (readonly [string, string])[] = [];
  const discovery = startKubernetesDiscovery({
    api,
    agentsService: options.agentsService,
    defaultPath: "/",
    clock: options.clock ?? systemClock,
    random: Math.random,
    signal: controller.signal,
    timing: {
      backoffBaseMs: 10,
      backoffMaxMs: 20,
      idleMs: 10 * PATIENCE_MS,
      relistJitterMs: 20,
      selectorSpacingMs: 20,
      ...options.timing,
    },
    others: options.others ?? [],
    onSnapshot: (snapshot) => {
      snapshots.push(snapshot);
      options.onSnapshot?.();
    },
    onState: (resource, state) => states.push([resource, state]),
    onError: ({ resource, error }) => errors.push(`${resource}: ${error.message}`),
  });
  const last = (): Snapshot => snapshots.at(-1) ?? { services: [], skipped: [], nodes: [] };
  return {
    server,
    discovery,
    snapshots,
    errors,
    states,
    controller,
    last,
    backends: (name) =>
      last()
        .services.find((found) => found.service.name === name)
        ?.backends.map(({ node }) => node),
    async [Symbol.asyncDispose]() {
      controller.abort();
      await discovery.done.catch(() => {});
      await api.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

export const selectors = (server: ApiServer): readonly (string | null)[] =>
  server.requests
    .filter(({ kind, path }) => (kind === "list" || kind === "stream") && path === SLICES)
    .map(({ query }) => query.get("labelSelector"));
