import type { NodePlacement } from "../domain/snapshot.ts";
import type { TargetGroup } from "../domain/target-group.ts";

const HOSTNAME_LABEL = "kubernetes.io/hostname";
const ZONE_LABELS: ReadonlySet<string> = new Set(["topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone"]);

/**
 * The nodes that an instance target group registers: those that match its selector and are not kept out of load balancers.
 *
 * @returns `undefined` where a label decides that is not known of some node.
 * @see aws-load-balancer-controller, pkg/backend/endpoint_utils.go; annotation target-node-labels.
 */
export function registeredNodes(
  { nodeSelector }: TargetGroup,
  nodes: readonly NodePlacement[],
): readonly NodePlacement[] | undefined {
  if (nodeSelector === undefined) return undefined;
  const registered: NodePlacement[] = [];
  for (const node of nodes) {
    if (node.excluded) continue;
    const matches = [...nodeSelector].map(([key, wanted]) => hasLabel(node, key, wanted));
    // One label that does not match settles it, whatever the others are.
    if (matches.includes(false)) continue;
    if (matches.includes(undefined)) return undefined;
    registered.push(node);
  }
  return registered;
}

/** The name of an EKS node is its host name label, too; @see Kubernetes, "Well-known labels". */
function hasLabel({ node, zone, labels }: NodePlacement, key: string, wanted: string | undefined): boolean | undefined {
  const value = labels !== undefined ? (labels.get(key) ?? null) : impliedLabel(key, node, zone);
  if (value === undefined) return undefined;
  return value !== null && (wanted === undefined || value === wanted);
}

function impliedLabel(key: string, node: string, zone: string | undefined): string | undefined {
  if (key === HOSTNAME_LABEL) return node;
  return ZONE_LABELS.has(key) ? zone : undefined;
}
