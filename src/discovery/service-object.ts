import * as v from "valibot";
import { isReadAnnotation } from "./annotations.ts";
import { entries, list, name, ObjectError, optionalText, parseAs, port, text } from "./schema.ts";

/** Services, checked and cut to the fields that are used: the agent keeps thousands of them for as long as it lives. */

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
  const { metadata, spec, status } = parseAs(serviceSchema, object, "Service");
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
