import type { IdleReason } from "../domain/exposure.ts";
import { preservationOf } from "../domain/load-balancer.ts";
import type { Backend } from "../domain/service.ts";
import type { NodePlacement } from "../domain/snapshot.ts";
import type { TargetGroup } from "../domain/target-group.ts";
import { registeredNodes } from "./registered-nodes.ts";

/**
 * Why no connection to a port hairpins now, from whatever node, although it preserves.
 *
 * @param backends - Of the port's Service, ready or not.
 * @returns `undefined` where none of the reasons that are known is one.
 */
export function whyIdle(
  targetGroup: TargetGroup,
  nodes: readonly NodePlacement[],
  backends: readonly Backend[],
): IdleReason | undefined {
  const { targetType, weight, externalTrafficPolicy } = targetGroup;
  const [, ...others] = preservationOf(targetGroup);
  const isUsed = weight !== 0;
  if (!isUsed && others.every((preserves) => preserves === false)) return "no_weight";
  const ready = backends.filter((backend) => backend.ready);
  if (isUsed && others.length === 0 && ready.length === 0) return "no_ready_backend";
  if (targetType !== "instance") return undefined;
  const registered = registeredNodes(targetGroup, nodes);
  if (registered?.length === 0) return "no_node_registered";
  const isOnTarget = ({ node }: Backend): boolean => registered?.some((target) => target.node === node) !== false;
  return externalTrafficPolicy === "Local" && others.length === 0 && !ready.some(isOnTarget) ? "no_backend_on_target" : undefined;
}
