import type { ControllerContext } from "../../domain/controller-context.ts";
import type { LoadBalancer, LoadBalancerPort } from "../../domain/load-balancer.ts";
import { type Switch, UNKNOWN_SWITCH } from "../../domain/target-group.ts";
import type { GatewayClassObject, GatewayObject, RouteObject } from "../objects/gateway-objects.ts";
import type { ServiceObject, ServicePort } from "../objects/service-object.ts";
import { ROUTING_POLICY } from "../rules/attributes.ts";
import { Findings } from "../rules/findings.ts";
import { asksForLoadBalancer } from "../rules/handler.ts";
import { shapeOf } from "../rules/hostname.ts";
import { ignoredOnGateway } from "../rules/ignored-annotations.ts";
import { ANY_ZONE } from "../rules/load-balancer.ts";
import { configurationOf, type GatewayConfiguration, type GatewayConfigurations } from "./gateway-config.ts";
import { gatewayPort } from "./gateway-port.ts";
import { backendsOfListener, dependsOnSelector, hasListenerSets, type RoutedBackend } from "./gateway-routes.ts";

/** All that Gateways are made of. Maps are by `namespace/name`; classes, which have no namespace, by `/name`. */
export interface GatewayWorld {
  readonly classes: ReadonlyMap<string, GatewayClassObject>;
  readonly gateways: ReadonlyMap<string, GatewayObject>;
  readonly routes: readonly RouteObject[];
  readonly configurations: GatewayConfigurations;
  /** Whether the configuration objects have been read; where not, they are not known to be absent. */
  readonly configurationsReadable: boolean;
  readonly services: ReadonlyMap<string, ServiceObject>;
}

/** A Gateway of the NLB's class, with what stands behind each of its ports. */
export interface DescribedGateway {
  readonly gateway: GatewayObject;
  readonly loadBalancer: LoadBalancer;
  /** The Services behind each port. */
  readonly behind: ReadonlyMap<number, readonly { readonly namespace: string; readonly name: string }[]>;
  /** The backends of each port, with the route that names them. */
  readonly routed: ReadonlyMap<number, readonly RoutedBackend[]>;
  /** The Service port behind each port, where it is one: it names what is spoken there. */
  readonly said: ReadonlyMap<number, ServicePort>;
}

export const NLB_GATEWAY_CONTROLLER = "gateway.k8s.aws/nlb";

/**
 * The Gateways that the AWS Load Balancer Controller makes NLBs of, and what they imply.
 *
 * @see aws-load-balancer-controller, Gateway API guide, "Layer 4 (NLB) Implementation".
 */
export function describeGateways(world: GatewayWorld, context: ControllerContext): readonly DescribedGateway[] {
  return [...world.gateways.values()].flatMap((gateway) => {
    const gatewayClass = world.classes.get(`/${gateway.className}`);
    if (gatewayClass?.controllerName !== NLB_GATEWAY_CONTROLLER) return [];
    return [describe(gateway, gatewayClass, world, context)];
  });
}

function describe(
  gateway: GatewayObject,
  gatewayClass: GatewayClassObject,
  world: GatewayWorld,
  context: ControllerContext,
): DescribedGateway {
  const findings = new Findings();
  const configuration = configurationOf(gateway, gatewayClass, world.configurations);
  const isKnown = world.configurationsReadable && configuration.missing.length === 0;
  if (!world.configurationsReadable) {
    findings.doubt(
      "What its configuration objects say is not known: those of gateway.k8s.aws may not be listed, or could not be yet.",
    );
  }
  for (const missing of configuration.missing)
    findings.doubt(`${missing} is named and not there: what it would say is not known.`);

  const hasUnseenPorts = hasListenerSets(gateway, world.routes);
  if (hasUnseenPorts) {
    findings.doubt(
      "ListenerSets may add ports to it, and are not read: what stands behind those is not known. The AWS console tells.",
    );
  }

  const behind = new Map<number, readonly { namespace: string; name: string }[]>();
  const said = new Map<number, ServicePort>();
  const routedByPort = new Map<number, readonly RoutedBackend[]>();
  const ports = gateway.listeners.flatMap((listener): readonly LoadBalancerPort[] => {
    const routed = backendsOfListener(gateway, listener, world.routes);
    if (routed.length === 0) return [];
    routedByPort.set(listener.port, routed);
    if (dependsOnSelector(gateway, listener, world.routes)) {
      findings.doubt(`Which namespaces port ${listener.port} takes routes from is not read: a selector says.`);
    }
    const services = routed.flatMap(({ backend: { kind, namespace, name } }) =>
      kind === "Service" ? [{ namespace, name }] : [],
    );
    behind.set(listener.port, [...(behind.get(listener.port) ?? []), ...services]);
    const spoken = spokenBehind(routed, world);
    if (spoken !== undefined) said.set(listener.port, spoken);
    return [gatewayPort({ gateway, listener, routed, configuration, isKnown, world, context }, findings)];
  });
  if (findings.refusals.some(({ by }) => by === "aws")) {
    findings.doubt(
      "Whether client IP preservation is off is not known: AWS refuses one of the attributes, and with it all that are set in that call and after it.",
    );
  }
  const { namespace, name, hostnames } = gateway;
  const [hostname] = hostnames;
  const isOther = hostname !== undefined && shapeOf(hostname) === "not_nlb";
  return {
    gateway,
    behind,
    routed: routedByPort,
    said,
    loadBalancer: {
      kind: "Gateway",
      namespace,
      name,
      controller: "lbc",
      isNlb: !isOther,
      notNlb: isOther ? "Its status has the name of a Classic or Application Load Balancer." : "",
      internal: internalOf(configuration, isKnown, context, findings),
      hostnames,
      shortcuts: [],
      zonalAffinity: (configuration.attributes.get(ROUTING_POLICY) ?? ANY_ZONE) !== ANY_ZONE,
      ports: findings.refusals.some(({ by }) => by === "aws") ? ports.map(withheld) : ports,
      hasUnseenPorts,
      refusals: findings.refusals,
      ignored: ignoredOnGateway(gateway, withoutNlb(behind, world)),
      doubts: findings.doubts,
    },
  };
}

/** The Services behind a Gateway whose annotations are for no load balancer of their own. */
function withoutNlb(behind: DescribedGateway["behind"], { services }: GatewayWorld): ReadonlySet<ServiceObject> {
  const found = [...behind.values()].flat().map(({ namespace, name }) => services.get(`${namespace}/${name}`));
  return new Set(found.flatMap((service) => (service === undefined || asksForLoadBalancer(service) ? [] : [service])));
}

/** AWS does a call whole or not at all: what it was to switch off may be on. */
const withheld = (port: LoadBalancerPort): LoadBalancerPort =>
  port.targetGroup.preserveClientIp.origin === "explicit"
    ? { ...port, targetGroup: { ...port.targetGroup, preserveClientIp: UNKNOWN_SWITCH } }
    : port;

function internalOf(
  { scheme }: GatewayConfiguration,
  isKnown: boolean,
  { lbcScheme }: ControllerContext,
  findings: Findings,
): Switch {
  if (scheme !== undefined) return { enabled: scheme === "internal", origin: "explicit" };
  if (isKnown) return { enabled: lbcScheme === "internal", origin: "default" };
  findings.doubt("Whether the NLB is internal is not known. Resolve its name: an internal NLB has private addresses only.");
  return UNKNOWN_SWITCH;
}

/** The port of the one Service behind a listener. */
function spokenBehind(routed: readonly RoutedBackend[], { services }: GatewayWorld): ServicePort | undefined {
  const [first, ...others] = routed.map(({ backend }) => backend);
  if (first === undefined || others.some(({ namespace, name }) => namespace !== first.namespace || name !== first.name))
    return undefined;
  const service = services.get(`${first.namespace}/${first.name}`);
  return service?.ports.find(({ port }) => port === first.port);
}
