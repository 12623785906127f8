import type { BackendRef, GatewayListener, GatewayObject, RouteKind, RouteObject } from "../objects/gateway-objects.ts";

/** A backend of a listener, with the route that names it. */
export interface RoutedBackend {
  readonly route: RouteObject;
  readonly backend: BackendRef;
}

/** Which routes a listener takes, by its protocol. @see Gateway API, "Supported protocols". */
const KINDS_OF: Readonly<Record<string, readonly RouteKind[]>> = {
  TCP: ["TCPRoute"],
  TLS: ["TLSRoute", "TCPRoute"],
  UDP: ["UDPRoute"],
};

/**
 * The backends that the routes give a listener, those without weight left out.
 *
 * @see Gateway API, "Attaching to Gateways": by name of the listener, by port, or to all of them.
 */
export function backendsOfListener(
  gateway: GatewayObject,
  listener: GatewayListener,
  routes: readonly RouteObject[],
): readonly RoutedBackend[] {
  return routes
    .filter((route) => isAttached(gateway, listener, route))
    .flatMap((route) => route.backends.filter(({ weight }) => weight > 0).map((backend) => ({ route, backend })));
}

function isAttached(gateway: GatewayObject, listener: GatewayListener, route: RouteObject): boolean {
  if (!KINDS_OF[listener.protocol]?.includes(route.kind)) return false;
  if (listener.routesFrom === "Same" && route.namespace !== gateway.namespace) return false;
  return route.parents.some(
    (parent) =>
      parent.namespace === gateway.namespace &&
      parent.name === gateway.name &&
      (parent.sectionName === undefined || parent.sectionName === listener.name) &&
      (parent.port === undefined || parent.port === listener.port),
  );
}
