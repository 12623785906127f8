import type { Backend } from "../../src/domain/service.ts";
import type { NodePlacement } from "../../src/domain/snapshot.ts";
import type { Switch, TargetGroup } from "../../src/domain/target-group.ts";
import { exposureOf } from "../../src/plan/exposure.ts";
import { backend, targetGroup } from "../support/services.ts";

export const ON: Switch = { enabled: true, origin: "explicit" };
export const OFF: Switch = { enabled: false, origin: "explicit" };
export const UNKNOWN: Switch = { enabled: undefined, origin: "unknown" };

/** Two nodes in zone a, one in b. */
export const NODES: readonly NodePlacement[] = [
  { node: "n1", zone: "a" },
  { node: "n2", zone: "a" },
  { node: "n3", zone: "b" },
];
export const BACKENDS = [backend("n1", "a"), backend("n1", "a"), backend("n2", "a"), backend("n3", "b")];

/** Node n1 in zone a, the address of zone a, instance targets with AWS's defaults; and what a test says otherwise. */
export interface Case {
  readonly group?: Partial<TargetGroup>;
  readonly self?: string;
  readonly selfZone?: string | undefined;
  readonly address?: string;
  readonly frontendZone?: string | undefined;
  readonly enabledZones?: ReadonlySet<string>;
  readonly shortcuts?: readonly string[];
  readonly backends?: readonly Backend[] | undefined;
  readonly nodes?: readonly NodePlacement[];
}

export function exposure(given: Case): number | undefined {
  const node = given.self ?? "n1";
  return exposureOf({
    service: { shortcuts: given.shortcuts ?? [] },
    targetGroup: targetGroup({ preserveClientIp: ON, ...given.group }),
    address: given.address ?? "10.0.32.5",
    frontendZone: "frontendZone" in given ? given.frontendZone : "a",
    enabledZones: given.enabledZones,
    self: { node, zone: "selfZone" in given ? given.selfZone : NODES.find((placement) => placement.node === node)?.zone },
    backends: "backends" in given ? given.backends : BACKENDS,
    nodes: given.nodes ?? NODES,
  });
}
