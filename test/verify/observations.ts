import type { Configuration, Observation, Stratum } from "../../src/verify/observation.ts";

export const CONFIGURATION: Configuration = {
  hostname: "web.elb.eu-west-1.amazonaws.com",
  targetType: "instance",
  preserveClientIp: "true",
  preserveOrigin: "default",
  crossZone: "false",
  externalTrafficPolicy: "Cluster",
};

/** What two zones of nodes see of an NLB with instance targets: each node hairpins at its own zone's address. */
export interface Scene {
  readonly nodesPerZone?: number;
  /** Attempts of each node at each address. */
  readonly attempts?: number;
  /** Share of timeouts at the own zone's address; absent: as the exposure. */
  readonly share?: number;
  /** Whether the configuration still says so. */
  readonly isExposed?: boolean;
  /** Share of the timeouts that have evidence. */
  readonly proved?: number;
  readonly otherFailures?: number;
  /** Share of timeouts at the other zone's address. */
  readonly elsewhere?: number;
  readonly configuration?: Partial<Configuration>;
  readonly coverage?: number;
  readonly startMs?: number;
  readonly colocated?: (node: string) => boolean;
  /** Nodes of each zone that probe, the others leave it to them; absent: all. */
  readonly probing?: number;
  readonly proxied?: readonly string[];
}

const ZONES = ["a", "b"];

/** @param random - From 0 to 1; absent: the counts are as expected, to the nearest whole. */
export function observe(scene: Scene, random?: () => number): Observation {
  const { nodesPerZone = 3, attempts = 100, isExposed = true, startMs = 0, coverage = 1 } = scene;
  const exposure = 1 / nodesPerZone;
  const nodes = ZONES.flatMap((zone) => Array.from({ length: nodesPerZone }, (_, i) => ({ zone, node: `node-${zone}-${i}` })));
  const probing = nodes.filter(({ node }) => Number(node.split("-")[2]) < (scene.probing ?? Number.POSITIVE_INFINITY));
  const strata = probing.flatMap(({ zone: own, node }) =>
    ZONES.map((zone): Stratum => {
      const share = zone === own ? (scene.share ?? exposure) : (scene.elsewhere ?? 0);
      const timeouts = countOf(attempts, share, random);
      return {
        node,
        port: "80",
        zone,
        isOwnZone: zone === own,
        colocated: scene.colocated?.(node) ?? true,
        isExposed: zone === own && isExposed,
        exposure: zone === own && isExposed ? exposure : 0,
        attempts,
        timeouts,
        hairpins: zone === own ? Math.round(timeouts * (scene.proved ?? 1)) : 0,
        otherFailures: zone === own ? (scene.otherFailures ?? 0) : 0,
      };
    }),
  );
  return {
    span: { startMs, endMs: startMs + 600_000 },
    strata,
    control: { hits: 0, of: 100 },
    configurations: [{ ...CONFIGURATION, ...scene.configuration }],
    coverage: new Map(nodes.map(({ node }) => [node, coverage])),
    zones: new Map(nodes.map(({ node, zone }) => [node, zone])),
    isShared: scene.probing !== undefined,
    ...(scene.proxied === undefined ? {} : { proxied: scene.proxied }),
  };
}

function countOf(attempts: number, share: number, random: (() => number) | undefined): number {
  if (random === undefined) return Math.round(attempts * share);
  let count = 0;
  for (let i = 0; i < attempts; i++) if (random() < share) count++;
  return count;
}

/** After client IP preservation went off. */
export const FIXED: Scene = {
  share: 0,
  isExposed: false,
  configuration: { preserveClientIp: "false", preserveOrigin: "explicit" },
  startMs: 720_000,
};
