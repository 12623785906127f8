import { agentsIn, type Observation, pathOf } from "./observation.ts";

/**
 * The share of connections that would hairpin on each path, were client IP preservation on: what a Service is held against of which nothing
 * is known before the change.
 *
 * Every node with an agent is taken for a registered target, and where a hairpin takes a backend on the node (ip targets, or
 * `externalTrafficPolicy: Local`), each node that hosts one for an equal part of them: the mean over the nodes is exact.
 *
 * @returns by path, those above 0; `undefined` where the configuration does not tell, or agents do not agree on it.
 */
export function exposuresIfOn(observation: Observation): ReadonlyMap<string, number> | undefined {
  const { strata, configurations, zones, isShared } = observation;
  const only = (key: "targetType" | "crossZone" | "externalTrafficPolicy"): string | undefined => {
    const values = new Set(configurations.map((each) => each[key]));
    return values.size === 1 ? [...values][0] : undefined;
  };
  const [targetType, crossZone, policy] = [only("targetType"), only("crossZone"), only("externalTrafficPolicy")];
  const takesBackend = needsBackend(targetType, policy);
  if (takesBackend === undefined || (crossZone !== "true" && crossZone !== "false")) return undefined;
  const exposed = strata.filter(
    (stratum) => (stratum.colocated || !takesBackend) && (crossZone === "true" || stratum.isOwnZone === true),
  );
  /** What an address chooses from: the nodes of its zone or, with cross-zone, all there are. */
  const pools = Map.groupBy(exposed, ({ zone }) => (crossZone === "true" ? undefined : zone));
  const shares = [...pools].flatMap(([zone, strataOfPool]) => {
    const agents = agentsIn(observation, new Set(zone === undefined ? zones.values() : [zone]));
    const hosts = new Set(strataOfPool.map(({ node }) => node)).size;
    // Where hosts may be hidden, every agent is taken for one: too few timeouts are expected then, never too many.
    const targets = !takesBackend ? agents : isShared ? Math.max(hosts, agents) : hosts;
    return strataOfPool.map((stratum) => [pathOf(stratum), 1 / targets] as const);
  });
  return new Map(shares);
}

/** Whether only nodes that host a backend are targets; `undefined`: the configuration does not tell. */
function needsBackend(targetType: string | undefined, policy: string | undefined): boolean | undefined {
  if (targetType === "ip" || (targetType === "instance" && policy === "Local")) return true;
  return targetType === "instance" && policy === "Cluster" ? false : undefined;
}
