import type { ControllerContext } from "../../domain/controller-context.ts";
import type { LoadBalancerPort } from "../../domain/load-balancer.ts";
import { UNKNOWN_SWITCH } from "../../domain/target-group.ts";
import type { GatewayListener, GatewayObject } from "../objects/gateway-objects.ts";
import type { ServiceObject } from "../objects/service-object.ts";
import type { Findings } from "../rules/findings.ts";
import type { GatewayWorld } from "./gateway.ts";
import { type GatewayConfiguration, targetGroupPropsOf } from "./gateway-config.ts";
import type { RoutedBackend } from "./gateway-routes.ts";
import { gatewayTargetGroup, inCommon } from "./gateway-target-group.ts";

/** What a listener of a Gateway is made of. */
export interface GatewayPortInput {
  readonly gateway: GatewayObject;
  readonly listener: GatewayListener;
  readonly routed: readonly RoutedBackend[];
  readonly configuration: GatewayConfiguration;
  readonly isKnown: boolean;
  readonly world: GatewayWorld;
  readonly context: ControllerContext;
}

/** One listener with its target groups, as the controller makes them. */
export function gatewayPort(input: GatewayPortInput, findings: Findings): LoadBalancerPort {
  const { gateway, listener, routed, configuration, isKnown, world, context } = input;
  const transport = listener.protocol === "UDP" ? "UDP" : "TCP";
  // Listeners for TCP and UDP on one port become one of both, whose clients' addresses are always preserved.
  const forced = gateway.listeners.some(({ port, protocol }) => port === listener.port && protocol === "UDP");
  const groups = routed.map(({ route, backend }) => {
    const service = world.services.get(`${backend.namespace}/${backend.name}`);
    if (backend.kind !== "Service") findings.doubt(`A backend of kind ${backend.kind} is not known to us.`);
    else if (service === undefined) findings.doubt(`Service ${backend.namespace}/${backend.name} is not there.`);
    if (backend.namespace !== route.namespace) {
      findings.doubt(
        `Whether a ReferenceGrant lets ${route.kind} ${route.namespace}/${route.name} refer to ${backend.namespace} is not read.`,
      );
    }
    if (backend.kind !== "Service") return undefined;
    const props = targetGroupPropsOf(backend, route, configuration, world.configurations);
    checkFamily(service, configuration, findings);
    return gatewayTargetGroup(
      {
        props,
        service,
        servicePort: service?.ports.find(({ port }) => port === backend.port),
        port: { port: listener.port, protocol: transport },
        forced,
        ofLoadBalancer: isKnown ? configuration.attributes : undefined,
        context,
      },
      findings,
    );
  });
  const known = groups.filter((group) => group !== undefined);
  const shares = new Set(routed.map(({ backend: { namespace, name, port } }) => `${namespace}/${name}:${port}`)).size > 1;
  if (shares) findings.doubt(`Port ${listener.port} forwards to several Services: the share of each is not in the exposure.`);
  const group = inCommon(known, shares ? undefined : 1);
  return {
    port: listener.port,
    name: listener.name,
    transport,
    tlsTerminated: listener.protocol === "TLS" && !listener.tlsPassthrough,
    targetGroup: group !== undefined && known.length === groups.length && isKnown ? group : unknownGroup(group),
  };
}

/** Without the configuration objects, only what Services and listeners say stands. */
const unknownGroup = (group: LoadBalancerPort["targetGroup"] | undefined): LoadBalancerPort["targetGroup"] => ({
  externalTrafficPolicy: group?.externalTrafficPolicy ?? "Cluster",
  ipFamily: group?.ipFamily ?? 4,
  weight: group?.weight,
  stickiness: false,
  multiCluster: false,
  nodeSelector: undefined,
  targetType: undefined,
  crossZone: UNKNOWN_SWITCH,
  preserveClientIp: group?.preserveClientIp.origin === "forced" ? group.preserveClientIp : UNKNOWN_SWITCH,
});

/** Targets of the other family need a load balancer of both. */
function checkFamily(service: ServiceObject | undefined, { ipAddressType }: GatewayConfiguration, findings: Findings): void {
  if (service?.ipFamilies.includes("IPv6") !== true || ipAddressType?.startsWith("dualstack") === true) return;
  findings.refuse(
    `Service ${service.namespace}/${service.name}: got IPv6 among its families, expected ipAddressType dualstack of the load balancer.`,
  );
}
