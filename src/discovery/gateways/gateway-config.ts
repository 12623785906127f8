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
  readonly ipAddressType: string | undefined;
  readonly attributes: ReadonlyMap<string, string>;
  /**
   * For whatever Services say nothing themselves: the class's and the Gateway's as one, the more important first. Of the two,
   * the controller takes the routes of that one alone.
   */
  readonly defaults: Pick<TargetGroupConfigurationObject, "props" | "routes">;
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
    ipAddressType: ordered.map(({ ipAddressType }) => ipAddressType).find((type) => type !== undefined),
    attributes: new Map(ordered.toReversed().flatMap(({ attributes }) => [...attributes])),
    defaults: { props: merged(defaults.map(({ props }) => props)), routes: defaults[0]?.routes ?? [] },
    missing,
  };
}

/**
 * What the configuration objects say about the target group of one Service behind one route: the Service's own over the
 * defaults, and in each of them what is said for the route over what is said for all.
 *
 * @see aws-load-balancer-controller, pkg/gateway/tg_config_constructor.go and routeutils/backend_service.go.
 */
export function targetGroupPropsOf(
  service: { readonly namespace: string; readonly name: string },
  route: RouteObject,
  { defaults }: GatewayConfiguration,
  configurations: GatewayConfigurations,
): TargetGroupProps {
  const own = ownConfigurationOf(service, configurations);
  const layers = (own === undefined ? [defaults] : [own, defaults]).flatMap((found) => [mostSpecific(found, route), found.props]);
  return merged(layers.filter((props) => props !== undefined));
}

/** The configuration that is for the Service itself. */
export const ownConfigurationOf = (
  service: { readonly namespace: string; readonly name: string },
  { targetGroups }: GatewayConfigurations,
): TargetGroupConfigurationObject | undefined =>
  [...targetGroups.values()].find(
    ({ namespace, serviceName }) => namespace === service.namespace && serviceName === service.name,
  );

/** Kind, namespace and name before kind and namespace before kind alone; a name without a namespace is that of no route. */
export function mostSpecific(
  { routes }: Pick<TargetGroupConfigurationObject, "routes">,
  route: Pick<RouteObject, "kind" | "namespace" | "name">,
): TargetGroupProps | undefined {
  const ofKind = routes.filter(({ kind }) => kind === route.kind);
  const itself = ofKind.find(({ namespace, name }) => namespace === route.namespace && name === route.name);
  const ofNamespace = ofKind.find(({ namespace, name }) => namespace === route.namespace && name === undefined);
  const ofAny = ofKind.find(({ namespace, name }) => namespace === undefined && name === undefined);
  return (itself ?? ofNamespace ?? ofAny)?.props;
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
    protocol: first("protocol"),
  };
}
