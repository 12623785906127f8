import type { Exposure, IdleReason } from "../domain/exposure.ts";
import type { Fix } from "../domain/fix.ts";
import { canHairpin, type LoadBalancer, type LoadBalancerPort, preservationOf } from "../domain/load-balancer.ts";
import type { SkippedService } from "../domain/snapshot.ts";
import { VERDICTS, type Verdict } from "../domain/verdict.ts";

/** What is to be known of one load balancer to judge it. */
export interface AuditSubject {
  readonly loadBalancer: LoadBalancer;
  /** Why an agent would not probe it; `undefined`: it would. */
  readonly skipped: Pick<SkippedService, "reason" | "detail"> | undefined;
  readonly fix: Fix | undefined;
  /** The highest of any node, and of which one. */
  readonly exposure: Exposure;
  readonly exposedNode: string | undefined;
  /** Why nothing hairpins now, where that is known. */
  readonly idle?: IdleReason | undefined;
}

/** One load balancer, judged. */
export interface Finding extends AuditSubject {
  readonly verdict: Verdict;
  /** Why, in one sentence. */
  readonly reason: string;
}

/** Says whether connections through a load balancer can hairpin, and why. */
export function judge(subject: AuditSubject): Finding {
  const possible = canHairpin(subject.loadBalancer);
  const verdict = possible === undefined ? "unknown" : possible ? "can" : "cannot";
  return { ...subject, exposure: verdict === "cannot" ? 0 : subject.exposure, verdict, reason: reasonOf(subject, verdict) };
}

const IDLE: Readonly<Record<IdleReason, string>> = {
  no_ready_backend: ", but no backend is ready now",
  no_node_registered: ", but no node is a target now: none has the labels that its targets must have, or all are kept out",
  no_backend_on_target: ", but no ready backend is on a node that is a target now",
  no_weight: ", but no connection goes to a target group that preserves: their weights are 0",
};

function reasonOf({ loadBalancer, exposure, idle }: AuditSubject, verdict: Verdict): string {
  const { isNlb, notNlb, internal, ports, shortcuts, refusals, doubts } = loadBalancer;
  if (!isNlb) return notNlb;
  if (verdict === "cannot") return ports.length === 0 ? "It has no listener." : "Client IP preservation is off on every port.";
  if (verdict === "can") {
    const on = ports.filter(({ targetGroup }) => preservationOf(targetGroup).includes(true));
    const which = on.length === ports.length ? "" : ` on port ${on.map((port) => portName(port, ports)).join(", ")}`;
    const whose = on.every(({ targetGroup }) => targetGroup.ipFamily === 6) ? " for clients of IPv6" : "";
    const now = exposure === 0 && idle !== undefined ? IDLE[idle] : "";
    return `Client IP preservation is on${which}${whose}${now}.`;
  }
  const refused = refusals.find(({ by }) => by === "controller");
  if (refused !== undefined) return `Its controller refuses it, and leaves all as it was: ${refused.detail}`;
  if (shortcuts.length > 0) return doubts[0] ?? "kube-proxy may answer in its place.";
  if (internal.enabled === false) {
    return "It is internet-facing: pods mostly reach it from another address, and AWS tells of the fault for internal ones.";
  }
  return doubts[0] ?? (ports.length === 0 ? "It has no listener." : "Whether client IP preservation is on is not known.");
}

/** `53/UDP` where TCP and UDP share the number: each has a target group of its own. */
function portName({ port, transport }: LoadBalancerPort, ports: readonly LoadBalancerPort[]): string {
  return ports.filter((other) => other.port === port).length > 1 ? `${port}/${transport}` : String(port);
}

/** By name, or the worst first: what can hairpin by its exposure, then what is not known, then what cannot. */
export function sortFindings(findings: readonly Finding[], sort: "exposure" | "name"): readonly Finding[] {
  const byName = (a: Finding, b: Finding): number => (nameOf(a) < nameOf(b) ? -1 : 1);
  if (sort === "name") return findings.toSorted(byName);
  const rank = ({ verdict }: Finding): number => VERDICTS.indexOf(verdict);
  // An exposure that is not known may be any.
  const weight = ({ exposure }: Finding): number => exposure ?? 1;
  return findings.toSorted((a, b) => rank(a) - rank(b) || weight(b) - weight(a) || byName(a, b));
}

/** `shop/web`, and of a Gateway `shop/gateway/edge`. */
export const nameOf = ({ loadBalancer: { kind, namespace, name } }: Pick<Finding, "loadBalancer">): string =>
  `${namespace}/${kind === "Gateway" ? "gateway/" : ""}${name}`;

/** How many there are of each verdict. */
export function countVerdicts(findings: readonly Finding[]): Readonly<Record<Verdict, number>> {
  const counts = { can: 0, cannot: 0, unknown: 0 };
  for (const { verdict } of findings) counts[verdict]++;
  return counts;
}

/** `12 load balancers: 3 can hairpin, 1 unknown, 8 cannot.` */
export function summaryOf(findings: readonly Finding[]): string {
  const { can, unknown, cannot } = countVerdicts(findings);
  const total = `${findings.length} load balancer${findings.length === 1 ? "" : "s"}`;
  return `${total}: ${can} can hairpin, ${unknown} unknown, ${cannot} cannot.`;
}

/** `… is ignored: …`, each sentence once, with the names of those that it is about. */
export function ignoredBySentence(findings: readonly Finding[]): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const finding of findings) {
    for (const { annotation, reason } of finding.loadBalancer.ignored ?? []) {
      const sentence = `${annotation} is ignored: ${reason}.`;
      const names = found.get(sentence);
      if (names === undefined) found.set(sentence, [nameOf(finding)]);
      else names.push(nameOf(finding));
    }
  }
  return found;
}
