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
 * Of all routes that are attached to a port, the controller takes one: the oldest, and of equally old ones the first by
 * namespace and name. Where that one has no backend, the port has no listener.
 *
 * @see Gateway API, "Attaching to Gateways": by name of the listener, by port, or to all of them; aws-load-balancer-controller,
 * pkg/gateway/model/model_build_listener.go (pickOneL4Route).
 */
export function backendsOfListener(
  gateway: GatewayObject,
  listener: GatewayListener,
  routes: readonly RouteObject[],
): readonly RoutedBackend[] {
  if (!routes.some((route) => isAttached(gateway, listener, route))) return [];
  const ofPort = gateway.listeners.filter(({ port }) => port === listener.port);
  const attached = routes.filter((route) => ofPort.some((each) => isAttached(gateway, each, route)));
  const oldestFirst = attached.toSorted((a, b) => a.createdMs - b.createdMs || (pathOf(a) < pathOf(b) ? -1 : 1));
  // Where it is not known which namespaces are let in, any of them may be the one.
  const counting = dependsOnSelector(gateway, listener, routes) ? oldestFirst : oldestFirst.slice(0, 1);
  return counting.flatMap((route) => route.backends.filter(({ weight }) => weight > 0).map((backend) => ({ route, backend })));
}

/** Whether a selector of namespaces, which are not read, decides which route a port takes. */
export function dependsOnSelector(gateway: GatewayObject, { port }: GatewayListener, routes: readonly RouteObject[]): boolean {
  const selecting = gateway.listeners.filter((each) => each.port === port && each.routesFrom === "Selector");
  return routes.some(
    (route) => route.namespace !== gateway.namespace && selecting.some((each) => isAttached(gateway, each, route)),
  );
}

const pathOf = ({ namespace, name }: RouteObject): string => `${namespace}/${name}`;

/** Whether some route is attached to a ListenerSet that may add listeners to this Gateway. Which of them do is not read. */
export const hasListenerSets = ({ namespace, listenerSetsFrom }: GatewayObject, routes: readonly RouteObject[]): boolean =>
  listenerSetsFrom !== "None" &&
  routes.some(({ listenerSetNamespaces }) =>
    listenerSetNamespaces.some((each) => listenerSetsFrom !== "Same" || each === namespace),
  );

function isAttached(gateway: GatewayObject, listener: GatewayListener, route: RouteObject): boolean {
  const kinds: readonly string[] = listener.routeKinds.length > 0 ? listener.routeKinds : (KINDS_OF[listener.protocol] ?? []);
  if (KINDS_OF[listener.protocol] === undefined || !kinds.includes(route.kind)) return false;
  if (listener.routesFrom === "Same" && route.namespace !== gateway.namespace) return false;
  return route.parents.some(
    (parent) =>
      parent.namespace === gateway.namespace &&
      parent.name === gateway.name &&
      (parent.sectionName === undefined || parent.sectionName === listener.name) &&
      (parent.port === undefined || parent.port === listener.port),
  );
}
