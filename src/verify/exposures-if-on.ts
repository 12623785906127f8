import { type Observation, pathOf, type Stratum } from "./observation.ts";

/**
 * The share of connections that would hairpin on each path, were client IP preservation on: what a Service is held against of which nothing
 * is known before the change.
 *
 * Every node with an agent is taken for a registered target, and where a hairpin takes a backend on the node (ip targets, or
 * `externalTrafficPolicy: Local`), each node that hosts one for an equal part of them: the mean over the nodes is exact.
 *
 * @returns by path, those above 0; `undefined` where the configuration does not tell, or agents do not agree on it.
 */
export function exposuresIfOn({ strata, configurations }: Observation): ReadonlyMap<string, number> | undefined {
  const only = (key: "targetType" | "crossZone" | "externalTrafficPolicy"): string | undefined => {
    const values = new Set(configurations.map((each) => each[key]));
    return values.size === 1 ? [...values][0] : undefined;
  };
  const [targetType, crossZone, policy] = [only("targetType"), only("crossZone"), only("externalTrafficPolicy")];
  const isTarget = targetOf(targetType, policy);
  if (isTarget === undefined || (crossZone !== "true" && crossZone !== "false")) return undefined;
  const exposed = strata.filter((stratum) => isTarget(stratum) && (crossZone === "true" || stratum.isOwnZone === true));
  const nodesBy = Map.groupBy(exposed, ({ zone }) => (crossZone === "true" ? "" : zone));
  const poolOf = ({ zone }: Stratum): number =>
    new Set(nodesBy.get(crossZone === "true" ? "" : zone)?.map(({ node }) => node)).size;
  return new Map(exposed.map((stratum) => [pathOf(stratum), 1 / poolOf(stratum)]));
}

/** Whether the NLB would send connections to this stratum's node. */
function targetOf(targetType: string | undefined, policy: string | undefined): ((stratum: Stratum) => boolean) | undefined {
  if (targetType === "ip" || (targetType === "instance" && policy === "Local")) return ({ colocated }) => colocated;
  return targetType === "instance" && policy === "Cluster" ? () => true : undefined;
}
