import * as v from "valibot";
import { pickAnnotations, type ReadAnnotations } from "./annotations.ts";
import { entries, list, mapping, name, optionalText, parseAs, port, text } from "./schema.ts";

/** The objects of the Gateway API that make an NLB, checked and cut to the fields that are used. */

/** The configuration object that a class or a Gateway names. */
export interface ParametersRef {
  readonly kind: string;
  readonly name: string;
  /** "" for a Gateway's: it is in the same namespace. */
  readonly namespace: string;
}

export interface GatewayClassObject {
  readonly name: string;
  readonly controllerName: string;
  readonly parameters: ParametersRef | undefined;
}

export interface GatewayListener {
  readonly name: string;
  readonly port: number;
  /** `TCP`, `UDP`, `TLS`; others are of no interest to an NLB. */
  readonly protocol: string;
  readonly tlsPassthrough: boolean;
  /** `Same`, `All` or `Selector`. */
  readonly routesFrom: string;
  /** Kinds of routes that it takes; empty: those of its protocol. */
  readonly routeKinds: readonly string[];
}

export interface GatewayObject extends ReadAnnotations {
  readonly namespace: string;
  readonly name: string;
  readonly className: string;
  readonly parameters: ParametersRef | undefined;
  readonly listeners: readonly GatewayListener[];
  /** From which namespaces ListenerSets may add listeners to these: `None`, `Same`, `All` or `Selector`. */
  readonly listenerSetsFrom: string;
  readonly hostnames: readonly string[];
}

export interface BackendRef {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly port: number | undefined;
  readonly weight: number;
}

export const ROUTE_KINDS = ["TCPRoute", "TLSRoute", "UDPRoute"] as const;
export type RouteKind = (typeof ROUTE_KINDS)[number];

export interface RouteObject {
  readonly kind: RouteKind;
  readonly namespace: string;
  readonly name: string;
  /** Milliseconds since 1970; 0 where it is not said. */
  readonly createdMs: number;
  /** Namespaces of the ListenerSets that it is attached to. */
  readonly listenerSetNamespaces: readonly string[];
  readonly parents: readonly {
    readonly namespace: string;
    readonly name: string;
    readonly sectionName: string | undefined;
    readonly port: number | undefined;
  }[];
  readonly backends: readonly BackendRef[];
}

const parametersSchema = v.nullish(mapping({ kind: text, name, namespace: v.nullish(text, "") }));
const classSchema = mapping({
  metadata: mapping({ name }),
  spec: mapping({ controllerName: text, parametersRef: parametersSchema }),
});

/** @throws ObjectError when it is no GatewayClass. @see Gateway API reference, GatewayClass. */
export function parseGatewayClass(object: unknown): GatewayClassObject {
  const { metadata, spec } = parseAs(classSchema, object, "GatewayClass");
  return { name: metadata.name, controllerName: spec.controllerName, parameters: spec.parametersRef ?? undefined };
}

const listenerSchema = mapping({
  name: v.nullish(text, ""),
  port,
  protocol: text,
  tls: v.nullish(mapping({ mode: optionalText })),
  allowedRoutes: v.nullish(
    mapping({ namespaces: v.nullish(mapping({ from: v.nullish(text, "Same") })), kinds: list(mapping({ kind: text })) }),
  ),
});
const gatewaySchema = mapping({
  metadata: mapping({ namespace: name, name, annotations: entries }),
  spec: mapping({
    gatewayClassName: text,
    infrastructure: v.nullish(mapping({ parametersRef: parametersSchema })),
    listeners: list(listenerSchema),
    allowedListeners: v.nullish(mapping({ namespaces: v.nullish(mapping({ from: v.nullish(text, "None") })) })),
  }),
  status: v.nullish(mapping({ addresses: list(mapping({ type: v.nullish(text, "IPAddress"), value: text })) })),
});

/** @throws ObjectError when it is no Gateway. @see Gateway API reference, Gateway. */
export function parseGateway(object: unknown): GatewayObject {
  const { metadata, spec, status } = parseAs(gatewaySchema, object, "Gateway");
  return {
    namespace: metadata.namespace,
    name: metadata.name,
    ...pickAnnotations(metadata.annotations),
    className: spec.gatewayClassName,
    parameters: spec.infrastructure?.parametersRef ?? undefined,
    listeners: spec.listeners.map((listener) => ({
      name: listener.name,
      port: listener.port,
      protocol: listener.protocol,
      tlsPassthrough: listener.tls?.mode === "Passthrough",
      routesFrom: listener.allowedRoutes?.namespaces?.from ?? "Same",
      routeKinds: (listener.allowedRoutes?.kinds ?? []).map(({ kind }) => kind),
    })),
    listenerSetsFrom: spec.allowedListeners?.namespaces?.from ?? "None",
    hostnames: (status?.addresses ?? []).flatMap(({ type, value }) => (type === "Hostname" && value !== "" ? [value] : [])),
  };
}

const WEIGHT = "a whole weight from 0 to 1,000,000";
const weight = v.pipe(v.number(WEIGHT), v.integer(WEIGHT), v.minValue(0, WEIGHT), v.maxValue(1_000_000, WEIGHT));
/** `XListenerSet` while they were an experiment. */
const LISTENER_SET = /^X?ListenerSet$/;
const routeSchema = mapping({
  metadata: mapping({ namespace: name, name, creationTimestamp: optionalText }),
  spec: mapping({
    parentRefs: list(
      mapping({
        kind: v.nullish(text, "Gateway"),
        namespace: optionalText,
        name,
        sectionName: optionalText,
        port: v.nullish(port),
      }),
    ),
    rules: list(
      mapping({
        backendRefs: list(
          mapping({
            group: v.nullish(text, ""),
            kind: v.nullish(text, "Service"),
            namespace: optionalText,
            name,
            port: v.nullish(port),
            weight: v.nullish(weight, 1),
          }),
        ),
      }),
    ),
  }),
});

/**
 * A parser of one kind of route; all that an NLB serves are alike.
 *
 * @returns what throws ObjectError when an object is no such route. @see Gateway API reference, TCPRoute, TLSRoute, UDPRoute.
 */
export const routeParser =
  (kind: RouteKind) =>
  (object: unknown): RouteObject => {
    const { metadata, spec } = parseAs(routeSchema, object, kind);
    const { namespace } = metadata;
    return {
      kind,
      namespace,
      name: metadata.name,
      createdMs: Date.parse(metadata.creationTimestamp ?? "") || 0,
      listenerSetNamespaces: spec.parentRefs
        .filter((parent) => LISTENER_SET.test(parent.kind))
        .map((parent) => parent.namespace ?? namespace),
      parents: spec.parentRefs
        .filter((parent) => parent.kind === "Gateway")
        .map((parent) => ({
          namespace: parent.namespace ?? namespace,
          name: parent.name,
          sectionName: parent.sectionName ?? undefined,
          port: parent.port ?? undefined,
        })),
      backends: spec.rules
        .flatMap(({ backendRefs }) => backendRefs)
        .map((backend) => ({
          kind: backend.group === "" ? backend.kind : `${backend.group}/${backend.kind}`,
          namespace: backend.namespace ?? namespace,
          name: backend.name,
          port: backend.port ?? undefined,
          weight: backend.weight,
        })),
    };
  };
