import type { Scheme } from "../../domain/controller-context.ts";
import type {
  LoadBalancerConfigurationObject,
  TargetGroupConfigurationObject,
  TargetGroupProps,
} from "../objects/gateway-config-objects.ts";
import type { GatewayClassObject, GatewayObject, RouteObject } from "../objects/gateway-objects.ts";

/** The configuration objects there are, by `namespace/name`. */
export interface GatewayConfigurations {
  readonly loadBalancers: ReadonlyMap<string, LoadBalancerConfigurationObject>;
  readonly targetGroups: ReadonlyMap<string, TargetGroupConfigurationObject>;
}

/** What the configuration objects say about one Gateway's load balancer. */
export interface GatewayConfiguration {
  readonly scheme: Scheme | undefined;
  readonly attributes: ReadonlyMap<string, string>;
  /** For whatever Services say nothing themselves, the more important first. */
  readonly defaults: readonly TargetGroupConfigurationObject[];
  /** Objects that are named and not there. */
  readonly missing: readonly string[];
}

const KIND = "LoadBalancerConfiguration";

/**
 * Puts the configuration of a Gateway and that of its class together: value by value, the class's first unless it says otherwise.
 *
 * @see aws-load-balancer-controller, Gateway API guide, mergingMode and defaultTargetGroupConfiguration.
 */
export function configurationOf(
  gateway: GatewayObject,
  gatewayClass: GatewayClassObject,
  configurations: GatewayConfigurations,
): GatewayConfiguration {
  const missing: string[] = [];
  const find = (parameters: GatewayObject["parameters"], namespace: string): LoadBalancerConfigurationObject | undefined => {
    if (parameters === undefined || parameters.kind !== KIND) return undefined;
    const key = `${parameters.namespace || namespace}/${parameters.name}`;
    const found = configurations.loadBalancers.get(key);
    if (found === undefined) missing.push(`${KIND} ${key}`);
    return found;
  };
  const own = find(gateway.parameters, gateway.namespace);
  const ofClass = find(gatewayClass.parameters, "");
  const ordered = (ofClass?.prefersGateway ? [own, ofClass] : [ofClass, own]).filter((found) => found !== undefined);
  const defaults = ordered.flatMap(({ namespace, defaultTargetGroups }) => {
    if (defaultTargetGroups === undefined) return [];
    const key = `${namespace}/${defaultTargetGroups}`;
    const found = configurations.targetGroups.get(key);
    if (found === undefined) missing.push(`TargetGroupConfiguration ${key}`);
    return found === undefined ? [] : [found];
  });
  return {
    scheme: ordered.map(({ scheme }) => scheme).find((scheme) => scheme !== undefined),
    attributes: new Map(ordered.toReversed().flatMap(({ attributes }) => [...attributes])),
    defaults,
    missing,
  };
}

/**
 * What the configuration objects say about the target group of one Service behind one route.
 *
 * @returns every reading: whether a configuration for a route stands alone, or over the default one beside it, is not documented.
 */
export function targetGroupPropsOf(
  service: { readonly namespace: string; readonly name: string },
  route: RouteObject,
  { defaults }: GatewayConfiguration,
  configurations: GatewayConfigurations,
): readonly TargetGroupProps[] {
  const own = [...configurations.targetGroups.values()].find(
    ({ namespace, serviceName }) => namespace === service.namespace && serviceName === service.name,
  );
  const fallbacks = defaults.map(({ props }) => props);
  if (own === undefined) return [merged(fallbacks)];
  const ofRoute = mostSpecific(own, route);
  if (ofRoute === undefined) return [merged([own.props, ...fallbacks])];
  return [merged([ofRoute, ...fallbacks]), merged([ofRoute, own.props, ...fallbacks])];
}

/** Kind, namespace and name before kind and namespace before kind alone; what is given must match. */
function mostSpecific({ routes }: TargetGroupConfigurationObject, route: RouteObject): TargetGroupProps | undefined {
  const matching = routes.filter(
    ({ kind, namespace, name }) =>
      kind === route.kind &&
      (namespace === undefined || namespace === route.namespace) &&
      (name === undefined || name === route.name),
  );
  const specificity = (given: (typeof routes)[number]): number =>
    (given.namespace === undefined ? 0 : 1) + (given.name === undefined ? 0 : 1);
  return matching.toSorted((a, b) => specificity(b) - specificity(a))[0]?.props;
}

/** Value by value, the first that is given; attributes one by one. */
function merged(layers: readonly TargetGroupProps[]): TargetGroupProps {
  const first = <Key extends keyof TargetGroupProps>(key: Key): TargetGroupProps[Key] | undefined =>
    layers.map((layer) => layer[key]).find((value) => value !== undefined);
  return {
    targetType: first("targetType"),
    attributes: new Map(layers.toReversed().flatMap(({ attributes }) => [...attributes])),
    nodeSelector: first("nodeSelector"),
    multiCluster: first("multiCluster"),
    ipFamily: first("ipFamily"),
  };
}
