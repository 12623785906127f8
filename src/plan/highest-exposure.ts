import type { Exposure } from "../domain/exposure.ts";
import type { LoadBalancer } from "../domain/load-balancer.ts";
import type { Backend } from "../domain/service.ts";
import type { NodePlacement } from "../domain/snapshot.ts";
import type { NodeSelector } from "../domain/target-group.ts";
import { exposureOf } from "./exposure.ts";

/** The worst that any node has, and where; `undefined` exposure: not known. */
export interface HighestExposure {
  readonly exposure: Exposure;
  readonly node: string | undefined;
  readonly port: number | undefined;
}

/**
 * The highest exposure that any node has to any port of a load balancer, at the address of the node's own zone.
 *
 * Which zones the load balancer is in is not asked: every zone that has a node is taken to be one. Nodes that are alike (zone,
 * backends, labels that are selected by) have the same exposure, so one of each kind is worked out.
 *
 * @param nodes - Every node of the cluster.
 * @param backends - By port.
 */
export function highestExposure(
  { ports, shortcuts }: LoadBalancer,
  nodes: readonly NodePlacement[],
  backends: ReadonlyMap<number, readonly Backend[]>,
): HighestExposure {
  let highest: HighestExposure = { exposure: 0, node: undefined, port: undefined };
  for (const { port, targetGroup } of ports) {
    if (targetGroup.preserveClientIp.enabled === false) continue;
    const behind = backends.get(port) ?? [];
    for (const { node, zone } of kindsOf(nodes, behind, targetGroup.nodeSelector)) {
      const exposure = exposureOf({
        service: { shortcuts },
        targetGroup,
        address: undefined,
        frontendZone: zone,
        enabledZones: undefined,
        self: { node, zone },
        backends: behind,
        nodes,
      });
      if (exposure === undefined) return { exposure, node, port };
      if (exposure > (highest.exposure ?? 0)) highest = { exposure, node, port };
    }
  }
  return highest;
}

/** One node of each kind there is. */
function kindsOf(
  nodes: readonly NodePlacement[],
  backends: readonly Backend[],
  nodeSelector: NodeSelector | undefined,
): readonly NodePlacement[] {
  const ready = new Map<string | undefined, number>();
  for (const backend of backends) if (backend.ready) ready.set(backend.node, (ready.get(backend.node) ?? 0) + 1);
  const kinds = new Map<string, NodePlacement>();
  for (const placement of nodes) {
    const { node, zone, excluded, labels } = placement;
    const selected = [...(nodeSelector?.keys() ?? [])].map((key) => labels?.get(key));
    const kind = JSON.stringify([zone, ready.get(node) ?? 0, excluded === true, selected]);
    if (!kinds.has(kind)) kinds.set(kind, placement);
  }
  return [...kinds.values()];
}
