import * as v from "valibot";
import type { NodePlacement } from "../../domain/snapshot.ts";
import { labels, list, mapping, name, optionalText, parseAs, text } from "./schema.ts";

const nodeSchema = mapping({
  metadata: mapping({ name, labels }),
  spec: v.nullish(mapping({ taints: list(mapping({ key: text, effect: optionalText })) })),
  status: v.nullish(mapping({ conditions: list(mapping({ type: text, status: text })) })),
});

const ZONE = "topology.kubernetes.io/zone";
const EXCLUDING_LABELS: readonly string[] = [
  "node.kubernetes.io/exclude-from-external-load-balancers",
  "node-role.kubernetes.io/master",
  "alpha.service-controller.kubernetes.io/exclude-balancer",
];
const EXCLUDING_TAINTS: readonly string[] = ["ToBeDeletedByClusterAutoscaler", "karpenter.sh/disrupted"];
const COMPUTE_TYPE = "eks.amazonaws.com/compute-type";

/**
 * A Node as instance target groups see it: its zone, its labels, and whether controllers keep it out.
 *
 * @throws ObjectError when it is no Node.
 * @see aws-load-balancer-controller, pkg/backend/endpoint_utils.go; cloud-provider, controllers/service/controller.go; Karpenter,
 * "Disruption".
 */
export function parseNode(object: unknown): NodePlacement {
  const { metadata, spec, status } = parseAs(nodeSchema, object, "Node");
  const found = new Map(metadata.labels);
  const ready = status?.conditions.find(({ type }) => type === "Ready");
  return {
    node: metadata.name,
    zone: found.get(ZONE) || undefined,
    labels: found,
    excluded:
      EXCLUDING_LABELS.some((label) => found.has(label)) ||
      found.get(COMPUTE_TYPE) === "fargate" ||
      (spec?.taints ?? []).some(({ key }) => EXCLUDING_TAINTS.includes(key)) ||
      ready?.status === "False",
  };
}
