import { isIP } from "node:net";
import type { Exposure } from "../domain/exposure.ts";
import type { Backend, NlbService } from "../domain/service.ts";
import type { NodePlacement } from "../domain/snapshot.ts";
import type { TargetGroup } from "../domain/target-group.ts";
import { type Part, shareOfParts } from "./parts.ts";
import { registeredNodes } from "./registered-nodes.ts";

/** The node an agent runs on. */
export interface Self {
  readonly node: string;
  readonly zone: string | undefined;
}

/** What the exposure of one frontend, seen from one node, follows from. */
export interface ExposureInput {
  readonly service: Pick<NlbService, "shortcuts">;
  readonly targetGroup: TargetGroup;
  /** `undefined`: no address is known. */
  readonly address: string | undefined;
  readonly frontendZone: string | undefined;
  /** Zones that the NLB has addresses in; `undefined`: not known, and every zone is taken to be one. */
  readonly enabledZones: ReadonlySet<string> | undefined;
  readonly self: Self;
  /** `undefined`: not known, which is not none. */
  readonly backends: readonly Backend[] | undefined;
  readonly nodes: readonly NodePlacement[];
}

/** A registered, healthy target as far as the choice goes: which node it is on, and in which zone. */
interface Target {
  readonly node: string | undefined;
  readonly zone: string | undefined;
}

/**
 * The probability that a fresh connection from this node to a frontend hairpins, through whichever of its target groups.
 *
 * @returns 0 to 1, or `undefined` where one of the inputs is not known.
 */
export function exposureOf(input: ExposureInput): Exposure {
  const { siblings = [], weight } = input.targetGroup;
  const own: Part = { weight, exposure: weight === 0 ? 0 : exposureThrough(input) };
  if (siblings.length === 0) return own.exposure === 0 || weight !== undefined ? shareOfParts([own]) : undefined;
  const others = siblings.map(({ weight, targetGroup, hasSameBackends }): Part => {
    const backends = hasSameBackends ? input.backends : undefined;
    const exposure = targetGroup === undefined ? undefined : exposureThrough({ ...input, targetGroup, backends });
    return { weight, exposure };
  });
  return shareOfParts([own, ...others]);
}

/**
 * The same of one target group.
 *
 * With client IP preservation, the connection is lost exactly when the NLB picks a target on the client's own node, and the NLB
 * picks evenly among the healthy targets that the address may choose: those of its zone, or those of all its zones with
 * cross-zone load balancing. Registered nodes are taken to be the nodes that run an agent. Where no backend is ready nothing
 * answers, and what fails then does not hairpin.
 *
 * @see AWS, Network Load Balancers, "Troubleshoot your Network Load Balancer": requests from a target to its load balancer.
 */
function exposureThrough(input: ExposureInput): Exposure {
  const { targetGroup, self, address } = input;
  const { preserveClientIp, crossZone } = targetGroup;
  if (preserveClientIp.enabled === false || isShortcut(input) || isTranslated(input)) return 0;
  if (input.backends?.some(({ ready }) => ready) === false) return 0;
  const targets = healthyTargets(input);
  if (targets === undefined) return undefined;
  // As long as no target is on this node, nothing else can make a difference.
  if (!targets.some(({ node }) => node === self.node)) return 0;
  if (preserveClientIp.enabled === undefined) return undefined;
  const share = shareOn(self.node, choiceOf(input, targets, crossZone.enabled));
  if (share === undefined || share === 0) return share;
  // How many targets other clusters have is not known, so that the share is only an upper bound; nor is what is translated.
  if (targetGroup.multiCluster || (address !== undefined && targetGroup.ipFamily === undefined)) return undefined;
  // One client address always gets the same target: its share is 0 or 1, and which of them is not known.
  return targetGroup.stickiness && share < 1 ? undefined : share;
}

/** kube-proxy answers for these addresses within the node; the NLB is never reached. @see KEP-1860, ipMode VIP. */
const isShortcut = ({ service, address }: ExposureInput): boolean => address !== undefined && service.shortcuts.includes(address);

/** Between families the NLB translates, and the targets see its own address. @see AWS, NLB, client IP preservation. */
const isTranslated = ({ targetGroup: { ipFamily }, address }: ExposureInput): boolean =>
  address !== undefined && ipFamily !== undefined && isIP(address) !== ipFamily;

/** @returns `undefined` where the target type, the backends that matter, or the nodes that are registered are not known. */
function healthyTargets({ targetGroup, self, nodes, backends }: ExposureInput): readonly Target[] | undefined {
  const ready = backends?.filter((backend) => backend.ready);
  if (targetGroup.targetType === "ip") return ready;
  if (targetGroup.targetType === undefined) return undefined;
  if (targetGroup.externalTrafficPolicy === "Local") {
    if (ready === undefined) return undefined;
    // Nodes without a ready endpoint of their own fail the NLB's health check; the others count once each.
    const hosts = new Map(ready.flatMap(({ node, zone }) => (node === undefined ? [] : [[node, { node, zone }] as const])));
    const known = new Map(nodes.map((placement) => [placement.node, placement]));
    return registeredNodes(
      targetGroup,
      [...hosts.values()].map((host) => ({ ...host, ...known.get(host.node) })),
    );
  }
  // An agent that does not find itself among the nodes has an incomplete list, and cannot tell how many there are.
  return nodes.some(({ node }) => node === self.node) ? registeredNodes(targetGroup, nodes) : undefined;
}

/** The targets that the address may choose from; `undefined` where a zone that matters is not known. */
function choiceOf(
  { frontendZone, self, enabledZones }: ExposureInput,
  targets: readonly Target[],
  crossZone: boolean | undefined,
): readonly Target[] | undefined {
  if (crossZone === undefined) return undefined;
  const zoneUnknown = targets.some(({ zone }) => zone === undefined);
  if (crossZone) {
    // Targets in a zone that the NLB is not in are registered, and never used.
    if (enabledZones === undefined) return targets;
    return zoneUnknown ? undefined : targets.filter(({ zone }) => zone !== undefined && enabledZones.has(zone));
  }
  if (frontendZone === undefined || self.zone === undefined) return undefined;
  if (frontendZone !== self.zone) return [];
  // A target of unknown zone may or may not be among those to choose from.
  return zoneUnknown ? undefined : targets.filter(({ zone }) => zone === frontendZone);
}

function shareOn(node: string, targets: readonly Target[] | undefined): Exposure {
  if (targets === undefined) return undefined;
  return targets.length === 0 ? 0 : targets.filter((target) => target.node === node).length / targets.length;
}
