import * as v from "valibot";
import { isReadAnnotation } from "./annotations.ts";
import { describeIssue } from "./problems.ts";

/**
 * Kubernetes objects, checked and cut to the fields that are used: the agent keeps hundreds of them for as long as it lives.
 *
 * What Go leaves out when it is empty may be absent or null here. Text that ends in labels, logs or DNS questions may not carry
 * control characters, whatever the server sends.
 */

/** An annotation that is read and longer than this is not kept, but its name is: Kubernetes allows 256 KiB, a setting needs few. */
export const MAX_ANNOTATION_LENGTH = 4096;

export interface ServicePort {
  readonly name: string;
  readonly port: number;
  readonly protocol: string;
  readonly appProtocol: string | undefined;
  readonly nodePort: number | undefined;
}

export interface ServiceObject {
  readonly namespace: string;
  readonly name: string;
  /** Only those that are read. A map, so that an annotation may be called `__proto__`. */
  readonly annotations: ReadonlyMap<string, string>;
  /** Names of annotations that are read and were too long to be kept. */
  readonly oversized: readonly string[];
  readonly type: string;
  readonly loadBalancerClass: string | undefined;
  readonly externalTrafficPolicy: "Cluster" | "Local";
  readonly allocateNodePorts: boolean;
  readonly ports: readonly ServicePort[];
  /** `status.loadBalancer.ingress[].hostname`, those that are set. */
  readonly hostnames: readonly string[];
  /** Addresses at which kube-proxy answers itself: `spec.externalIPs`, and VIPs in the status. */
  readonly shortcuts: readonly string[];
  /** `IPv4`, `IPv6`; the first is the Service's own. */
  readonly ipFamilies: readonly string[];
}

export interface Endpoint {
  /** `namespace/name` of the pod, else the address: a pod of a dual-stack Service is in a slice of each family. */
  readonly id: string;
  readonly node: string | undefined;
  readonly zone: string | undefined;
  readonly ready: boolean;
}

export interface EndpointSliceObject {
  readonly namespace: string;
  readonly name: string;
  /** Name of the Service, in the same namespace; `undefined`: a slice of no Service. */
  readonly serviceName: string | undefined;
  readonly endpoints: readonly Endpoint[];
}

/** An object that is not what its kind promises: every problem found, with its path. */
export class ObjectError extends Error {
  override readonly name = "ObjectError";
}

const MAX_TEXT = 253;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for.
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;
const text = v.pipe(
  v.string("text"),
  v.maxLength(MAX_TEXT, `at most ${MAX_TEXT} characters`),
  v.check((value) => !CONTROL.test(value), "text without control characters"),
);
const name = v.pipe(text, v.regex(/^[A-Za-z0-9]([A-Za-z0-9._:-]*[A-Za-z0-9])?$/, "the name of an object"));
const port = v.pipe(
  v.number("a port from 1 to 65535"),
  v.integer("a whole number"),
  v.minValue(1, "a port from 1 to 65535"),
  v.maxValue(65_535, "a port from 1 to 65535"),
);
const list = <Item extends v.GenericSchema>(item: Item) => v.nullish(v.array(item, "a list"), []);
const optionalText = v.nullish(text);
/** valibot's own records leave out keys such as `constructor`; own entries have no such trouble. */
const entries = v.pipe(
  v.nullish(
    v.custom<object>((value) => typeof value === "object" && value !== null && !Array.isArray(value), "a mapping"),
    {},
  ),
  v.transform((value): readonly (readonly [string, unknown])[] => Object.entries(value)),
);

const ingressSchema = v.object({ hostname: optionalText, ip: optionalText, ipMode: optionalText });

const serviceSchema = v.object({
  metadata: v.object({ namespace: name, name, annotations: entries }),
  spec: v.object({
    type: v.nullish(text, "ClusterIP"),
    loadBalancerClass: optionalText,
    externalTrafficPolicy: v.nullish(v.picklist(["Cluster", "Local", ""], "Cluster or Local"), "Cluster"),
    allocateLoadBalancerNodePorts: v.nullish(v.boolean(), true),
    externalIPs: list(text),
    ipFamilies: list(text),
    ports: list(
      v.object({
        name: v.nullish(text, ""),
        port,
        protocol: v.nullish(text, "TCP"),
        appProtocol: optionalText,
        // 0 is how Go writes "none" where it writes it at all.
        nodePort: v.nullish(v.pipe(v.number(), v.integer("a whole number"))),
      }),
    ),
  }),
  status: v.nullish(v.object({ loadBalancer: v.nullish(v.object({ ingress: list(ingressSchema) })) })),
});

/**
 * @throws ObjectError when it is no Service.
 * @see Kubernetes API reference, Service v1 core.
 */
export function parseService(object: unknown): ServiceObject {
  const { metadata, spec, status } = parse(serviceSchema, object, "Service");
  const annotations = new Map<string, string>();
  const oversized: string[] = [];
  for (const [key, value] of metadata.annotations) {
    if (!isReadAnnotation(key)) continue;
    if (typeof value !== "string") throw new ObjectError(`Service: metadata.annotations: ${key} is not text`);
    if (value.length > MAX_ANNOTATION_LENGTH) oversized.push(key);
    else annotations.set(key, value);
  }
  const ingress = status?.loadBalancer?.ingress ?? [];
  return {
    namespace: metadata.namespace,
    name: metadata.name,
    annotations,
    oversized,
    type: spec.type,
    loadBalancerClass: spec.loadBalancerClass ?? undefined,
    externalTrafficPolicy: spec.externalTrafficPolicy === "Local" ? "Local" : "Cluster",
    allocateNodePorts: spec.allocateLoadBalancerNodePorts,
    ports: spec.ports.map((given) => ({
      ...given,
      appProtocol: given.appProtocol ?? undefined,
      nodePort: given.nodePort || undefined,
    })),
    hostnames: ingress.flatMap(({ hostname }) => (hostname ? [hostname] : [])),
    // VIP is the mode of an address that says none (KEP-1860).
    shortcuts: [...spec.externalIPs, ...ingress.flatMap(({ ip, ipMode }) => (ip && (ipMode ?? "VIP") === "VIP" ? [ip] : []))],
    ipFamilies: spec.ipFamilies,
  };
}

const endpointSchema = v.object({
  addresses: list(text),
  conditions: v.nullish(v.object({ ready: v.nullish(v.boolean()), terminating: v.nullish(v.boolean()) })),
  nodeName: optionalText,
  zone: optionalText,
  targetRef: v.nullish(v.object({ kind: optionalText, namespace: optionalText, name: optionalText })),
});

const sliceSchema = v.object({
  metadata: v.object({ namespace: name, name, labels: entries }),
  endpoints: list(endpointSchema),
});

/**
 * @throws ObjectError when it is no EndpointSlice.
 * @see Kubernetes API reference, EndpointSlice discovery.k8s.io/v1.
 */
export function parseEndpointSlice(object: unknown): EndpointSliceObject {
  const { metadata, endpoints } = parse(sliceSchema, object, "EndpointSlice");
  const serviceName = metadata.labels.find(([key]) => key === "kubernetes.io/service-name")?.[1];
  return {
    namespace: metadata.namespace,
    name: metadata.name,
    serviceName: typeof serviceName === "string" ? serviceName : undefined,
    endpoints: endpoints.flatMap(({ addresses, conditions, nodeName, zone, targetRef }) => {
      const pod = targetRef?.kind === "Pod" && targetRef.name ? `${metadata.namespace}/${targetRef.name}` : undefined;
      const id = pod ?? addresses[0];
      if (id === undefined) return [];
      // "nil should be interpreted as true", says the API of ready; a pod on its way out takes no new connections.
      const ready = (conditions?.ready ?? true) && conditions?.terminating !== true;
      return [{ id, node: nodeName || undefined, zone: zone || undefined, ready }];
    }),
  };
}

function parse<Schema extends v.GenericSchema>(schema: Schema, object: unknown, kind: string): v.InferOutput<Schema> {
  const result = v.safeParse(schema, object);
  if (result.success) return result.output;
  const problems = result.issues.slice(0, 5).map(describeIssue);
  throw new ObjectError(`${kind}: ${problems.join("; ")}`);
}
