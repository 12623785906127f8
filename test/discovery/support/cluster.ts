import { type Classified, ClusterClassifier } from "../../../src/discovery/cluster.ts";
import { type DescribedGateway, describeGateways, type GatewayWorld } from "../../../src/discovery/gateways/gateway.ts";
import {
  parseLoadBalancerConfiguration,
  parseTargetGroupConfiguration,
} from "../../../src/discovery/objects/gateway-config-objects.ts";
import { parseGateway, parseGatewayClass, type RouteKind, routeParser } from "../../../src/discovery/objects/gateway-objects.ts";
import { parseService } from "../../../src/discovery/objects/service-object.ts";
import { parseBinding } from "../../../src/discovery/objects/target-group-binding.ts";
import { type ControllerContext, DEFAULT_CONTEXT } from "../../../src/domain/controller-context.ts";
import { gatewayClass } from "./gateway-objects.ts";

/** Objects of a cluster as the API server sends them. */
export interface GivenCluster {
  readonly classes?: readonly unknown[];
  readonly gateways?: readonly unknown[];
  readonly routes?: readonly (readonly [RouteKind, unknown])[];
  readonly loadBalancers?: readonly unknown[];
  readonly targetGroups?: readonly unknown[];
  readonly unreadable?: boolean;
  readonly services?: readonly unknown[];
  readonly bindings?: readonly unknown[];
  readonly context?: Partial<ControllerContext>;
}

function keyed<T extends { readonly name: string; readonly namespace?: string }>(
  objects: readonly unknown[] = [],
  parse: (object: unknown) => T,
): ReadonlyMap<string, T> {
  return new Map(objects.map(parse).map((parsed) => [`${parsed.namespace ?? ""}/${parsed.name}`, parsed]));
}

export function worldOf(given: GivenCluster): GatewayWorld {
  return {
    classes: keyed(given.classes ?? [gatewayClass()], parseGatewayClass),
    gateways: keyed(given.gateways, parseGateway),
    routes: (given.routes ?? []).map(([kind, object]) => routeParser(kind)(object)),
    configurations: {
      loadBalancers: keyed(given.loadBalancers, parseLoadBalancerConfiguration),
      targetGroups: keyed(given.targetGroups, parseTargetGroupConfiguration),
    },
    configurationsReadable: given.unreadable !== true,
    services: keyed(given.services, parseService),
  };
}

const contextOf = ({ context }: GivenCluster): ControllerContext => ({ ...DEFAULT_CONTEXT, ...context });

export const describedGateways = (given: GivenCluster): readonly DescribedGateway[] =>
  describeGateways(worldOf(given), contextOf(given));

export const classifiedCluster = (given: GivenCluster): readonly Classified[] =>
  new ClusterClassifier(contextOf(given), "/").classify({
    ...worldOf(given),
    bindings: (given.bindings ?? []).map(parseBinding),
  });
