import type { Exposure, IdleReason } from "../domain/exposure.ts";
import { type LoadBalancer, portsInForce, preservationOf } from "../domain/load-balancer.ts";
import type { Backend } from "../domain/service.ts";
import type { NodePlacement } from "../domain/snapshot.ts";
import type { NodeSelector } from "../domain/target-group.ts";
import { exposureOf } from "./exposure.ts";
import { whyIdle } from "./idle.ts";

/** The worst that any node has, and where; `undefined` exposure: not known. */
export interface HighestExposure {
  readonly exposure: Exposure;
  readonly node: string | undefined;
  readonly port: number | undefined;
  /** Why none has any, where a port preserves. */
  readonly idle?: IdleReason;
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
  loadBalancer: LoadBalancer,
  nodes: readonly NodePlacement[],
  backends: ReadonlyMap<number, readonly Backend[]>,
): HighestExposure {
  const { shortcuts } = loadBalancer;
  let highest: HighestExposure = { exposure: 0, node: undefined, port: undefined };
  let idle: IdleReason | undefined;
  for (const { port, targetGroup } of portsInForce(loadBalancer)) {
    if (preservationOf(targetGroup).every((preserves) => preserves === false)) continue;
    const behind = backends.get(port) ?? [];
    idle ??= whyIdle(targetGroup, nodes, behind);
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
  return highest.exposure === 0 && idle !== undefined ? { ...highest, idle } : highest;
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
