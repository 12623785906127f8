import { performance } from "node:perf_hooks";
import { relistAgentsAfterMs } from "../src/discovery/agents-relist.ts";
import type { DiscoveredService, NodePlacement, Snapshot } from "../src/domain/snapshot.ts";
import { defaultTargetGroup } from "../src/domain/target-group.ts";
import { planSeries } from "../src/metrics/series-budget.ts";
import type { Self } from "../src/plan/exposure.ts";
import { FanOut, type Shared } from "../src/plan/fan-out.ts";
import { type Plan, planFrontends } from "../src/plan/frontends.ts";
import { bytesOfServices, bytesOfSlice } from "./scale-objects.ts";
import { seeded } from "./seeded.ts";

export interface ScaleOptions {
  readonly nodes: number;
  readonly fanOut: number;
  readonly intervalSeconds: number;
}

/** Of the whole cluster, if nothing else is said; rates are a second. */
export interface ScaleFigures {
  readonly services: number;
  readonly frontendsMedian: number;
  readonly frontendsMost: number;
  readonly planMs: number;
  readonly series: number;
  readonly perService: number;
  readonly perAddressMost: number;
  readonly attempts: number;
  readonly watches: number;
  readonly requests: number;
  readonly bytesBackendMoves: number;
  readonly bytesInRollout: number;
  readonly bytesIfWatched: number;
  readonly bytesFirstList: number;
}

const ZONES = ["a", "b", "c"];
/** Pods of a Service. */
const BACKENDS = 5;
/** One attempt past the NLB in so many intervals, as by default. */
const CONTROL_EVERY = 5;
/** Agents whose plans are worked out, spread over the cluster. Without a cap all of them plan the same. */
const [SAMPLE, SAMPLE_UNCAPPED] = [250, 5];
/** Addresses of which it is counted exactly who probes them. */
const EXACT = 12;
/** Agents in a slice. @see Kubernetes, EndpointSlices: 100 endpoints by default. */
const SLICE = 100;
/** Services, the slices behind NLBs, and the agents' own where they are watched. */
const [WATCHES, WATCHES_WITH_OWN] = [2, 3];
/** A pod that goes, one that comes, and one that gets ready. */
const EVENTS_PER_RESTART = 3;
const ROLLOUT_SECONDS = 1_800;
/** A watch is renewed after 30 to 45 s. */
const WATCH_SECONDS = 37.5;

export function scaleOf({ nodes: count, fanOut, intervalSeconds }: ScaleOptions): ScaleFigures {
  const nodes = Array.from(
    { length: count },
    (_, i): NodePlacement => ({ node: nodeName(i), zone: ZONES[i % 3], hasAgent: true }),
  );
  const snapshot: Snapshot = { services: servicesOn(nodes), skipped: [], nodes };
  const step = Math.max(1, Math.floor(count / (fanOut === 0 ? SAMPLE_UNCAPPED : SAMPLE)));
  const sample = nodes.filter((_, i) => i % step === 0);
  const plans = sample.map((self) => planOf(snapshot, self, fanOut));
  const frontends = plans.map(({ plan }) => plan.frontends.length).toSorted((a, b) => a - b);
  const perAgent = mean(frontends);
  const services = snapshot.services.length;
  const series = mean(
    plans.map(({ plan }) => {
      const planned = plan.services.map(({ service }) => service);
      return planSeries({ services: planned, frontends: plan.frontends, controls: plan.controls }, 1_000_000, "n").needed;
    }),
  );
  const slices = Math.ceil(count / SLICE);
  const relistMs = relistAgentsAfterMs(nodes.map(({ node }) => ({ ids: [node] })));
  const bytesIfWatched = (count * EVENTS_PER_RESTART * count * bytesOfSlice(Math.min(SLICE, count))) / ROLLOUT_SECONDS;
  const watches = (relistMs === undefined ? WATCHES_WITH_OWN : WATCHES) * count;
  const controls = mean(plans.map(({ plan }) => plan.controls.length)) / CONTROL_EVERY;
  return {
    services,
    frontendsMedian: frontends[Math.floor(frontends.length / 2)] ?? 0,
    frontendsMost: frontends.at(-1) ?? 0,
    planMs: plans.map(({ ms }) => ms).toSorted((a, b) => a - b)[Math.floor(plans.length / 2)] ?? 0,
    series: series * count,
    perService: (perAgent * count) / intervalSeconds / services,
    perAddressMost: mostProbers(snapshot, fanOut) / intervalSeconds,
    attempts: ((perAgent + controls) * count) / intervalSeconds,
    watches,
    requests: watches / WATCH_SECONDS + (relistMs === undefined ? 0 : count / (relistMs / 1000)),
    bytesBackendMoves: bytesOfSlice(BACKENDS) * count,
    bytesInRollout: relistMs === undefined ? bytesIfWatched : (count * slices * bytesOfSlice(SLICE)) / (relistMs / 1000),
    bytesIfWatched,
    bytesFirstList: bytesOfServices(services) + services * bytesOfSlice(BACKENDS) + slices * bytesOfSlice(SLICE),
  };
}

function planOf(snapshot: Snapshot, self: Self, limit: number): { readonly plan: Plan; readonly ms: number } {
  const choosing = new FanOut({ limit, holdMs: 60_000 });
  const choose = <T extends Shared>(candidates: readonly T[], here: Self): readonly T[] =>
    choosing.choose(candidates, snapshot, here, 0).chosen;
  const startedMs = performance.now();
  const plan = planFrontends(snapshot, resolve, self, () => true, choose);
  return { plan, ms: performance.now() - startedMs };
}

/** An address in each zone. */
const resolve = () =>
  ({ kind: "resolved", addresses: ZONES.map((zone, i) => ({ address: `10.0.${i}.5`, zone })), overLimit: 0 }) as const;

/** How many agents probe one address, of some the most: counted over all agents. */
function mostProbers(snapshot: Snapshot, limit: number): number {
  const some = snapshot.services.slice(0, EXACT).map(({ service, backends }): Shared => {
    const hosts = new Set(backends.map(({ node }) => node ?? ""));
    return { id: `${service.namespace}/${service.name}:80@10.0.0.5`, hosts };
  });
  const probers = new Map<string, number>();
  for (const self of snapshot.nodes) {
    const { chosen } = new FanOut({ limit, holdMs: 0 }).choose(some, snapshot, self, 0);
    for (const { id } of chosen) probers.set(id, (probers.get(id) ?? 0) + 1);
  }
  return Math.max(...probers.values());
}

/** A Service for each five nodes, 30 at least, its pods on nodes drawn at random. */
function servicesOn(nodes: readonly NodePlacement[]): readonly DiscoveredService[] {
  const random = seeded(5);
  const targetGroup = defaultTargetGroup("instance");
  return Array.from({ length: Math.max(30, nodes.length / 5) }, (_, i) => ({
    service: {
      namespace: `team-${i % 40}`,
      name: `service-${i}`,
      controller: "lbc",
      hostname: `service-${i}.elb.eu-west-1.amazonaws.com`,
      addresses: [],
      shortcuts: [],
      zonalAffinity: false,
      listeners: [
        {
          port: 80,
          name: "http",
          protocol: "tcp",
          path: "/",
          tlsTerminated: false,
          clusterAddress: { address: "172.20.0.80", port: 80 },
          targetGroup: {
            ...targetGroup,
            preserveClientIp: { enabled: true, origin: "default" },
            crossZone: { enabled: false, origin: "default" },
          },
        },
      ],
    },
    backends: Array.from({ length: BACKENDS }, () => {
      const { node, zone } = nodes[Math.floor(random() * nodes.length)] ?? { node: undefined, zone: undefined };
      return { node, zone, ready: true };
    }),
  }));
}

const nodeName = (i: number): string => `ip-10-${i >> 16}-${(i >> 8) & 255}-${i & 255}.eu-west-1.compute.internal`;
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
