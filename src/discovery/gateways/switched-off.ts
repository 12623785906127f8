import type { RouteObject } from "../objects/gateway-objects.ts";
import { PRESERVE } from "../rules/attributes.ts";

/** A TargetGroupConfiguration as the API server sent it: all of it is to stay but for the one attribute. */
type Json = Readonly<Record<string, unknown>>;

const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";
/** What a manifest may have of the metadata: the rest is the server's. */
const METADATA = ["namespace", "name", "labels", "annotations", "finalizers", "ownerReferences"] as const;

const isObject = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value);
const objectOf = (value: unknown): Json => (isObject(value) ? value : {});
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** The object as it is to be applied: whole, but for what the server writes itself. */
export function appliable(original: Json): Json {
  const metadata = objectOf(original.metadata);
  const { [LAST_APPLIED]: _, ...annotations } = objectOf(metadata.annotations);
  const kept = Object.fromEntries(METADATA.filter((key) => metadata[key] !== undefined).map((key) => [key, metadata[key]]));
  if (Object.keys(annotations).length > 0) kept.annotations = annotations;
  else delete kept.annotations;
  return {
    apiVersion: original.apiVersion ?? "gateway.k8s.aws/v1beta1",
    kind: "TargetGroupConfiguration",
    metadata: kept,
    spec: objectOf(original.spec),
  };
}

/** A new one, for a Service that has none. */
export const newConfiguration = (namespace: string, name: string, service: string): Json => ({
  apiVersion: "gateway.k8s.aws/v1beta1",
  kind: "TargetGroupConfiguration",
  metadata: { namespace, name },
  spec: { targetReference: { kind: "Service", name: service } },
});

/** Switched off for every route: in the default, and wherever a route has it otherwise. */
export function offForAll(object: Json): Json {
  const spec = objectOf(object.spec);
  const routes = listOf(spec.routeConfigurations);
  return withSpec(object, {
    ...spec,
    defaultConfiguration: off(objectOf(spec.defaultConfiguration)),
    ...(routes.length === 0 ? {} : { routeConfigurations: routes.map((route) => offIfSaid(objectOf(route))) }),
  });
}

/**
 * Switched off for these routes alone, where the Service also stands behind a port that always preserves: said for that one,
 * AWS would refuse it and all that comes with it.
 */
export function offForRoutes(object: Json, routes: readonly RouteObject[]): Json {
  const spec = objectOf(object.spec);
  const defaults = spec.defaultConfiguration;
  let entries: readonly Json[] = listOf(spec.routeConfigurations).map(objectOf);
  for (const route of routes) entries = withRoute(entries, route);
  return withSpec(object, {
    ...spec,
    ...(isObject(defaults) ? { defaultConfiguration: unsaid(defaults) } : {}),
    routeConfigurations: entries,
  });
}

const withSpec = (object: Json, spec: Json): Json => ({ ...object, spec });

/** A route has the one most specific entry: a new one begins as the one that it takes the place of. */
function withRoute(entries: readonly Json[], { kind, namespace, name }: RouteObject): readonly Json[] {
  const isIt = (entry: Json, id: Json): boolean => {
    const given = identifierOf(entry);
    return given.kind === id.kind && given.namespace === id.namespace && given.name === id.name;
  };
  const find = (id: Json): Json | undefined => entries.find((entry) => isIt(entry, id));
  const itself = find({ kind, namespace, name });
  const before = itself ?? find({ kind, namespace, name: undefined }) ?? find({ kind, namespace: undefined, name: undefined });
  const props = off(objectOf(before?.targetGroupProps));
  if (itself !== undefined) {
    return entries.map((entry) => (entry === itself ? { ...entry, targetGroupProps: props } : entry));
  }
  return [...entries, { routeIdentifier: { kind, namespace, name }, targetGroupProps: props }];
}

function identifierOf({ routeIdentifier, identifier }: Json): Json {
  if (isObject(routeIdentifier)) {
    const { kind, namespace, name } = routeIdentifier;
    return { kind, namespace: namespace || undefined, name: name || undefined };
  }
  const [kind, namespace, name] = String(identifier ?? "").split(":");
  return { kind, namespace: namespace || undefined, name: name || undefined };
}

const isSwitch = (attribute: unknown): boolean => String(objectOf(attribute).key).trim() === PRESERVE;

function off(props: Json): Json {
  const given = listOf(props.targetGroupAttributes);
  const attributes = given.map((each) => (isSwitch(each) ? { ...objectOf(each), value: "false" } : each));
  return {
    ...props,
    targetGroupAttributes: given.some(isSwitch) ? attributes : [...attributes, { key: PRESERVE, value: "false" }],
  };
}

function offIfSaid(entry: Json): Json {
  const props = objectOf(entry.targetGroupProps);
  return listOf(props.targetGroupAttributes).some(isSwitch) ? { ...entry, targetGroupProps: off(props) } : entry;
}

const unsaid = (props: Json): Json =>
  props.targetGroupAttributes === undefined
    ? props
    : { ...props, targetGroupAttributes: listOf(props.targetGroupAttributes).filter((each) => !isSwitch(each)) };
