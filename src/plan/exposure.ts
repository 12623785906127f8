import type { Exposure } from "../domain/exposure.ts";
import type { Backend, Listener, NlbService } from "../domain/service.ts";
import type { NodePlacement } from "../domain/snapshot.ts";

/** The node an agent runs on. */
export interface Self {
  readonly node: string;
  readonly zone: string | undefined;
}

/** A registered target as far as the choice goes: which node it is on, and in which zone. */
type Candidate = NodePlacement | { readonly node: string | undefined; readonly zone: string | undefined };

/**
 * The probability that a fresh connection from this node to a frontend hairpins.
 *
 * With client IP preservation, the connection is lost exactly when the NLB picks a target on the client's own node, and the NLB
 * picks evenly among the healthy targets that the address may choose: those of its zone, or all of them with cross-zone load
 * balancing. Registered nodes are taken to be the nodes that run an agent.
 *
 * @returns 0 to 1, or `undefined` where the API does not tell one of the inputs.
 * @see AWS, Network Load Balancers, "Troubleshoot your Network Load Balancer": requests from a target to its load balancer.
 */
export function exposureOf(input: {
  readonly service: NlbService;
  readonly listener: Listener;
  readonly frontendZone: string | undefined;
  readonly self: Self;
  readonly backends: readonly Backend[];
  readonly nodes: readonly NodePlacement[];
}): Exposure {
  const { service, listener, frontendZone, self } = input;
  const { enabled: preserved } = listener.preserveClientIp;
  if (preserved === false) return 0;
  const targets = healthyTargets(input);
  if (preserved === undefined || targets === undefined) return undefined;

  if (!targets.some(({ node }) => node === self.node)) return 0;
  switch (service.crossZone.enabled) {
    case undefined:
      return undefined;
    case true:
      return shareOn(self.node, targets);
    case false: {
      if (frontendZone === undefined || self.zone === undefined) return undefined;
      if (frontendZone !== self.zone) return 0;
      // A target of unknown zone may or may not be among those to choose from.
      if (targets.some(({ zone }) => zone === undefined)) return undefined;
      return shareOn(
        self.node,
        targets.filter(({ zone }) => zone === frontendZone),
      );
    }
  }
}

/** @returns `undefined` where the target type, or the nodes that are registered, are not known. */
function healthyTargets(input: {
  readonly service: NlbService;
  readonly self: Self;
  readonly backends: readonly Backend[];
  readonly nodes: readonly NodePlacement[];
}): readonly Candidate[] | undefined {
  const { service, self, nodes } = input;
  const ready = input.backends.filter((backend) => backend.ready);
  if (service.targetType === "ip") return ready;
  if (service.targetType === undefined) return undefined;
  if (service.externalTrafficPolicy === "Local") {
    // Nodes without a ready endpoint of their own fail the NLB's health check; the others count once each.
    return [...new Map(ready.map((backend) => [backend.node, backend])).values()];
  }
  // An agent that does not find itself among the nodes has an incomplete list, and cannot tell how many there are.
  return nodes.some(({ node }) => node === self.node) ? nodes : undefined;
}

const shareOn = (node: string, targets: readonly Candidate[]): number =>
  targets.length === 0 ? 0 : targets.filter((target) => target.node === node).length / targets.length;
