/** Kubernetes objects as the lab's control plane keeps them: the fields it acts on are checked, all others are kept as they came. */
import * as v from "valibot";

/** The label by which a slice says whose endpoints it has. @see Kubernetes, "EndpointSlices", ownership. */
export const SERVICE_NAME_LABEL = "kubernetes.io/service-name";

const stringMap = v.record(v.string(), v.string());
const portNumber = v.pipe(v.number("a port number"), v.integer(), v.minValue(1), v.maxValue(65_535));
const protocol = v.picklist(["TCP", "UDP", "SCTP"]);

export const metadataSchema = v.looseObject({
  name: v.pipe(v.string(), v.regex(/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/, "a lower case DNS name")),
  /** "" for what has none. */
  namespace: v.pipe(v.string(), v.regex(/^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)?$/, "a lower case DNS label")),
  uid: v.optional(v.string()),
  resourceVersion: v.optional(v.string()),
  generation: v.optional(v.number()),
  creationTimestamp: v.optional(v.string()),
  labels: v.optional(stringMap),
  annotations: v.optional(stringMap),
});

const servicePortSchema = v.looseObject({
  name: v.optional(v.string()),
  protocol: v.optional(protocol),
  port: portNumber,
  targetPort: v.optional(v.union([portNumber, v.string()])),
  nodePort: v.optional(portNumber),
  appProtocol: v.optional(v.string()),
});

export const serviceSchema = v.looseObject({
  apiVersion: v.literal("v1"),
  kind: v.literal("Service"),
  metadata: metadataSchema,
  spec: v.looseObject({
    type: v.optional(v.picklist(["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"]), "ClusterIP"),
    loadBalancerClass: v.optional(v.string()),
    clusterIP: v.optional(v.string()),
    externalTrafficPolicy: v.optional(v.picklist(["Cluster", "Local"])),
    allocateLoadBalancerNodePorts: v.optional(v.boolean()),
    selector: v.optional(stringMap),
    ports: v.optional(v.array(servicePortSchema), []),
  }),
  status: v.optional(
    v.looseObject({
      loadBalancer: v.optional(
        v.looseObject({
          ingress: v.optional(v.array(v.looseObject({ hostname: v.optional(v.string()), ip: v.optional(v.string()) }))),
        }),
      ),
    }),
  ),
});

export const endpointSliceSchema = v.looseObject({
  apiVersion: v.literal("discovery.k8s.io/v1"),
  kind: v.literal("EndpointSlice"),
  metadata: metadataSchema,
  addressType: v.picklist(["IPv4", "IPv6", "FQDN"]),
  endpoints: v.optional(
    v.array(
      v.looseObject({
        addresses: v.pipe(v.array(v.string()), v.minLength(1), v.maxLength(100)),
        conditions: v.optional(
          v.looseObject({
            ready: v.optional(v.boolean()),
            serving: v.optional(v.boolean()),
            terminating: v.optional(v.boolean()),
          }),
          {},
        ),
        nodeName: v.optional(v.string()),
        zone: v.optional(v.string()),
      }),
    ),
    [],
  ),
  ports: v.optional(
    v.array(v.looseObject({ name: v.optional(v.string()), protocol: v.optional(protocol), port: v.optional(portNumber) })),
    [],
  ),
});

/** An object of a resource that the lab keeps and shows, and does not act on. */
export const customSchema = v.looseObject({
  apiVersion: v.string(),
  kind: v.string(),
  metadata: metadataSchema,
  spec: v.optional(v.looseObject({})),
  status: v.optional(v.looseObject({})),
});

export type ObjectMeta = v.InferOutput<typeof metadataSchema>;
export type Service = v.InferOutput<typeof serviceSchema>;
export type ServicePort = Service["spec"]["ports"][number];
export type EndpointSlice = v.InferOutput<typeof endpointSliceSchema>;

/** Any of them. Objects in the store are never edited: a new one replaces the old. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly [field: string]: unknown;
}

/** A stored object as what it is. @throws ValiError for one that was never admitted. */
export const toService = (object: KubeObject): Service => v.parse(serviceSchema, object);
export const toEndpointSlice = (object: KubeObject): EndpointSlice => v.parse(endpointSliceSchema, object);

/** `namespace/name`: the identity of an object within its resource. */
export const keyOf = ({ namespace, name }: { readonly namespace: string; readonly name: string }): string =>
  `${namespace}/${name}`;

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
