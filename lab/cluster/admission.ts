/** What the API server does to an object before it is stored: checks it, and fills in what the client left open. */
import * as v from "valibot";
import { ApiError } from "./api-error.ts";
import { KINDS, type ResourceName } from "./kinds.ts";
import {
  customSchema,
  type EndpointSlice,
  endpointSliceSchema,
  isRecord,
  type KubeObject,
  type Service,
  serviceSchema,
} from "./objects.ts";

/** The default range of `--service-node-port-range`. */
const NODE_PORTS = { first: 30_000, last: 32_767 } as const;
/** Service addresses: 172.20.0.0/16, as on EKS; those up to .255 are for Services that name theirs. */
const CLUSTER_IP_PREFIX = "172.20";

/** What an object must not collide with. */
export interface Others {
  /** All Services at present, the one that is being written included. */
  readonly services: readonly Service[];
}

/**
 * An object as it may be stored.
 *
 * @param value - JSON from a client. Nulls in it are absent fields, as in every Kubernetes decoder.
 * @param path - Where the request wants it: a body without kind, namespace or name takes them from here.
 * @throws ApiError BadRequest when the body contradicts the path; Invalid with the field that is wrong.
 */
export function admit(
  resource: ResourceName,
  value: unknown,
  path: { readonly namespace: string; readonly name: string | undefined },
  others: Others,
): KubeObject {
  const { kind, apiVersion } = KINDS[resource];
  const body = withoutNulls(value);
  if (!isRecord(body)) throw new ApiError("BadRequest", `body: got ${JSON.stringify(value)?.slice(0, 100)}, expected a ${kind}`);
  const metadata = isRecord(body.metadata) ? body.metadata : {};
  for (const [field, got, expected] of [
    ["kind", body.kind ?? kind, kind],
    ["apiVersion", body.apiVersion ?? apiVersion, apiVersion],
    ["metadata.namespace", metadata.namespace || path.namespace, path.namespace],
    ["metadata.name", metadata.name ?? path.name, path.name ?? metadata.name],
  ]) {
    if (got !== expected)
      throw new ApiError("BadRequest", `${field}: got ${JSON.stringify(got)}, expected ${JSON.stringify(expected)}`);
  }
  const whole = { ...body, kind, apiVersion, metadata: { name: path.name, ...metadata, namespace: path.namespace } };
  const checked = <Schema extends v.GenericSchema>(schema: Schema): v.InferOutput<Schema> => {
    const parsed = v.safeParse(schema, whole);
    if (parsed.success) return parsed.output;
    const [issue] = parsed.issues;
    throw invalid(kind, whole.metadata.name, `${v.getDotPath(issue) ?? "object"}: ${issue.message}`);
  };
  if (resource === "services") return admitService(checked(serviceSchema), others);
  return resource === "endpointslices" ? defaultSlice(checked(endpointSliceSchema)) : checked(customSchema);
}

function admitService(service: Service, { services }: Others): KubeObject {
  const { metadata, spec } = service;
  const fail = (problem: string) => invalid("Service", metadata.name, problem);
  const isExternal = spec.type === "NodePort" || spec.type === "LoadBalancer";
  const neighbours = services.filter(
    ({ metadata: { name, namespace } }) => name !== metadata.name || namespace !== metadata.namespace,
  );
  const taken = takenBy(neighbours);

  if (spec.ports.length === 0 && spec.clusterIP !== "None" && spec.type !== "ExternalName")
    throw fail("spec.ports: Required value");
  const wantsNodePorts = isExternal && (spec.type === "NodePort" || spec.allocateLoadBalancerNodePorts !== false);
  const seen = { names: new Set<string>(), ports: new Set<string>() };
  const ports = spec.ports.map((port, i) => {
    const { name = "", protocol = "TCP" } = port;
    if (name === "" && spec.ports.length > 1) throw fail(`spec.ports[${i}].name: Required value`);
    if (seen.names.has(name)) throw fail(`spec.ports[${i}].name: Duplicate value: ${JSON.stringify(name)}`);
    if (seen.ports.has(`${port.port}/${protocol}`)) throw fail(`spec.ports[${i}]: Duplicate value: ${port.port}/${protocol}`);
    if (port.nodePort !== undefined && taken.nodePorts.has(port.nodePort)) {
      throw fail(`spec.ports[${i}].nodePort: Invalid value: ${port.nodePort}: provided port is already allocated`);
    }
    seen.names.add(name);
    seen.ports.add(`${port.port}/${protocol}`);
    const { nodePort, ...rest } = { ...port, protocol, targetPort: port.targetPort ?? port.port };
    if (nodePort !== undefined) taken.nodePorts.add(nodePort);
    return { rest, nodePort: isExternal ? nodePort : undefined };
  });
  const { externalTrafficPolicy = "Cluster", ...others } = spec;
  return {
    ...service,
    spec: {
      ...others,
      ...(isExternal ? { externalTrafficPolicy } : {}),
      ...(spec.type === "ExternalName" ? {} : { clusterIP: spec.clusterIP ?? freeClusterIp(taken.clusterIps) }),
      ports: ports.map(({ rest, nodePort }) => {
        const allocated = nodePort ?? (wantsNodePorts ? freeNodePort(taken.nodePorts) : undefined);
        return allocated === undefined ? rest : { ...rest, nodePort: allocated };
      }),
    },
    status: service.status ?? { loadBalancer: {} },
  };
}

const takenBy = (services: readonly Service[]) => ({
  nodePorts: new Set(services.flatMap(({ spec }) => spec.ports.map(({ nodePort }) => nodePort))),
  clusterIps: new Set(services.map(({ spec }) => spec.clusterIP)),
});

function freeNodePort(taken: Set<number | undefined>): number {
  for (let port = NODE_PORTS.first; port <= NODE_PORTS.last; port++) {
    if (taken.has(port)) continue;
    taken.add(port);
    return port;
  }
  throw new ApiError("InternalError", "failed to allocate a nodePort: range is full");
}

function freeClusterIp(taken: ReadonlySet<string | undefined>): string {
  for (let n = 256; n < 65_535; n++) {
    const address = `${CLUSTER_IP_PREFIX}.${n >> 8}.${n & 255}`;
    if (!taken.has(address)) return address;
  }
  throw new ApiError("InternalError", "failed to allocate a serviceIP: range is full");
}

const defaultSlice = (slice: EndpointSlice): KubeObject => ({
  ...slice,
  ports: slice.ports.map((port) => ({ ...port, name: port.name ?? "", protocol: port.protocol ?? "TCP" })),
});

const invalid = (kind: string, name: unknown, problem: string): ApiError =>
  new ApiError("Invalid", `${kind} ${JSON.stringify(name ?? "")} is invalid: ${problem}`);

/** Go's decoder makes no difference between null and absent; deep in an object it must not survive. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== null)
      .map(([key, inner]) => [key, withoutNulls(inner)]),
  );
}
