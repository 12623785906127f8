/**
 * The lab's cluster as data: zones, nodes, pods and their addresses.
 *
 * The address plan follows a VPC: one /16 for everything, one /19 a zone, pods with addresses of their zone (as the VPC CNI
 * gives them), the VPC's DNS server at base + 2, Service addresses from a range of their own.
 */

export interface LabNode {
  readonly name: string;
  readonly zone: string;
  readonly address: string;
  readonly agent: LabPod;
  readonly backend: LabPod;
}

export interface LabPod {
  /** Name of the pod, and of its network namespace. */
  readonly name: string;
  readonly address: string;
}

export interface LabZone {
  readonly name: string;
  /** 1-based; picks the zone's /19. */
  readonly index: number;
}

export interface Topology {
  readonly zones: readonly LabZone[];
  readonly nodes: readonly LabNode[];
}

export const VPC_CIDR = "10.0.0.0/16";
export const DNS_ADDRESS = "10.0.0.2";
export const API_SERVER_ADDRESS = "10.0.0.3";
export const API_SERVER_PORT = 6443;
export const METRICS_PORT = 9867;
/** Ports on which every backend pod listens. */
export const BACKEND_HTTP_PORT = 8080;
export const BACKEND_TCP_PORT = 9000;
/**
 * Where NLBs that terminate TLS open their connections to targets from: the address that a target sees, with 10.1 for 10.0. All of it is local
 * to the VPC's namespace, and becomes the other as it leaves.
 */
export const LEG_CIDR = "10.1.0.0/16";
/** And where they listen. */
export const TLS_ADDRESS = "10.1.0.1";
export const REGION = "eu-west-1";

const MAX_ZONES = 6;
const MAX_NODES_PER_ZONE = 200;

/** First address of a zone's block `block` (0 to 31): 0 nodes, 1 agent pods, 2 backend pods, 3 NLB addresses. */
const zoneAddress = (zone: LabZone, block: number, host: number): string => `10.0.${zone.index * 32 + block}.${host}`;

/**
 * Lays nodes out over zones as evenly as possible, the first zones first: 3 nodes in 2 zones are 2 and 1.
 *
 * @throws RangeError when the address plan has no room.
 */
export function buildTopology(options: { readonly nodes: number; readonly zones: number }): Topology {
  const { nodes: nodeCount, zones: zoneCount } = options;
  if (!Number.isInteger(zoneCount) || zoneCount < 1 || zoneCount > MAX_ZONES) {
    throw new RangeError(`zones: got ${zoneCount}, expected a whole number from 1 to ${MAX_ZONES}`);
  }
  if (!Number.isInteger(nodeCount) || nodeCount < zoneCount || nodeCount > zoneCount * MAX_NODES_PER_ZONE) {
    throw new RangeError(
      `nodes: got ${nodeCount}, expected a whole number from ${zoneCount} (one a zone) to ${zoneCount * MAX_NODES_PER_ZONE}`,
    );
  }
  const zones = Array.from({ length: zoneCount }, (_, i) => ({ name: `${REGION}${"abcdef".charAt(i)}`, index: i + 1 }));
  const nodes: LabNode[] = [];
  for (const zone of zones) {
    const share = Math.floor(nodeCount / zoneCount) + (zone.index <= nodeCount % zoneCount ? 1 : 0);
    for (let host = 10; host < 10 + share; host++) {
      const number = nodes.length + 1;
      nodes.push({
        name: `node-${number}`,
        zone: zone.name,
        address: zoneAddress(zone, 0, host),
        agent: { name: `agent-${number}`, address: zoneAddress(zone, 1, host) },
        backend: { name: `web-${number}`, address: zoneAddress(zone, 2, host) },
      });
    }
  }
  return { zones, nodes };
}

/**
 * The same zones with these nodes alone.
 *
 * @throws RangeError for a node that the topology does not have.
 */
export function withNodes(topology: Topology, names: readonly string[]): Topology {
  const known = topology.nodes.map(({ name }) => name);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new RangeError(`nodes: got ${JSON.stringify(unknown)}, expected of ${known.join(", ")}`);
  return { zones: topology.zones, nodes: topology.nodes.filter(({ name }) => names.includes(name)) };
}

/** The address of the lab that stands for `seen`, which is another's. */
export const legAddress = (seen: string): string => seen.replace(/^10\.0\./, "10.1.");

/** The address of the `nth` NLB (0-based) in a zone: one per zone, as AWS gives each load balancer. */
export const nlbAddress = (zone: LabZone, nth: number): string => zoneAddress(zone, 3, nth + 1);
