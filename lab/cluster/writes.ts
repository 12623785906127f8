import { admit } from "./admission.ts";
import { ApiError } from "./api-error.ts";
import { KINDS } from "./kinds.ts";
import { isRecord, type KubeObject, toService } from "./objects.ts";
import { applyPatch } from "./patch.ts";
import type { ObjectRoute, Route } from "./routes.ts";
import type { Store } from "./store.ts";

/** A request's body and how to read it. */
export interface Body {
  readonly value: unknown;
  readonly contentType: string;
}

const servicesOf = (store: Store) => ({ services: store.list("services").map(toService) });

/** @throws ApiError of {@link admit} and of the store. */
export function create(store: Store, { resource, namespace = "" }: Route, { value }: Body): KubeObject {
  const object = admit(resource, value, { namespace, name: undefined }, servicesOf(store));
  if (object.metadata.resourceVersion !== undefined) {
    throw new ApiError("BadRequest", "resourceVersion should not be set on objects to be created");
  }
  return store.create(resource, resource === "services" ? { ...object, status: { loadBalancer: {} } } : object);
}

/** @throws ApiError of {@link admit} and of the store. */
export function update(store: Store, route: ObjectRoute, { value }: Body): KubeObject {
  return replace(store, route, store.get(route.resource, route.namespace, route.name), value);
}

/**
 * Patches the present object. A patch that names a resourceVersion is only applied to that one.
 *
 * @throws ApiError of the patch, of {@link admit} and of the store.
 */
export function patch(store: Store, route: ObjectRoute, { value, contentType }: Body): KubeObject {
  const present = store.get(route.resource, route.namespace, route.name);
  return replace(store, route, present, applyPatch(present, value, contentType));
}

function replace(
  store: Store,
  { resource, namespace, name, isStatus }: ObjectRoute,
  present: KubeObject,
  value: unknown,
): KubeObject {
  if (resource !== "services") {
    return store.replace(resource, admit(resource, value, { namespace, name }, { services: [] }));
  }
  const object = admit(resource, withAllocated(present, value), { namespace, name }, servicesOf(store));
  // The status is written by its own path, and nothing else is.
  if (isStatus) {
    const { resourceVersion = present.metadata.resourceVersion } = object.metadata;
    const metadata = resourceVersion === undefined ? present.metadata : { ...present.metadata, resourceVersion };
    return store.replace(resource, { ...present, metadata, status: object.status });
  }
  requireSame("clusterIP", present, object);
  requireSame("loadBalancerClass", present, object);
  return store.replace(resource, { ...object, status: present.status });
}

/**
 * A Service whose client left out what the server had allocated keeps it: the cluster IP, and node ports by their port.
 *
 * @see pkg/registry/core/service/storage/storage.go in kubernetes/kubernetes, patchAllocatedValues.
 */
function withAllocated(present: KubeObject, value: unknown): unknown {
  if (!isRecord(value) || !isRecord(value.spec)) return value;
  const { clusterIP, ports } = toService(present).spec;
  const nodePorts = new Map(ports.map(({ port, nodePort }) => [port, nodePort]));
  const filled = (port: unknown) => {
    const nodePort = isRecord(port) ? nodePorts.get(Number(port.port)) : undefined;
    return isRecord(port) && nodePort !== undefined ? { nodePort, ...port } : port;
  };
  const spec = {
    ...(clusterIP === undefined ? {} : { clusterIP }),
    ...value.spec,
    ...(Array.isArray(value.spec.ports) ? { ports: value.spec.ports.map(filled) } : {}),
  };
  return { ...value, spec };
}

/** Fields that stay as they are for as long as the Service keeps its type. */
function requireSame(field: "clusterIP" | "loadBalancerClass", present: KubeObject, next: KubeObject): void {
  const [before, after] = [toService(present).spec, toService(next).spec];
  if (before.type !== after.type || before[field] === after[field]) return;
  const value = JSON.stringify(after[field] ?? null);
  throw new ApiError(
    "Invalid",
    `Service "${next.metadata.name}" is invalid: spec.${field}: Invalid value: ${value}: field is immutable`,
  );
}

/** @returns What the API server answers to a deletion. @throws ApiError of the store. */
export function remove(store: Store, { resource, namespace, name }: ObjectRoute, { value }: Body): object {
  const preconditions = isRecord(value) && isRecord(value.preconditions) ? value.preconditions : {};
  const uid = typeof preconditions.uid === "string" ? preconditions.uid : undefined;
  const { metadata } = store.delete(resource, namespace, name, uid);
  const details = { name, group: KINDS[resource].group, kind: resource, uid: metadata.uid };
  return { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", details };
}
