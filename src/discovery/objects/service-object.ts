import { isIP } from "node:net";
import * as v from "valibot";
import { pickAnnotations, type ReadAnnotations } from "./annotations.ts";
import { address, entries, list, mapping, name, optionalText, parseAs, port, text } from "./schema.ts";

/** Services, checked and cut to the fields that are used: the agent keeps thousands of them for as long as it lives. */

export interface ServicePort {
  readonly name: string;
  readonly port: number;
  readonly protocol: string;
  readonly appProtocol: string | undefined;
  readonly nodePort: number | undefined;
  /** The pods' port goes by a name, which may be another number in each of them. */
  readonly isTargetNamed: boolean;
}

export interface ServiceObject extends ReadAnnotations {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string | undefined;
  /** Those of the controllers that make load balancers. */
  readonly finalizers: readonly string[];
  readonly type: string;
  readonly loadBalancerClass: string | undefined;
  readonly externalTrafficPolicy: "Cluster" | "Local";
  readonly allocateNodePorts: boolean;
  readonly ports: readonly ServicePort[];
  /** `status.loadBalancer.ingress[].hostname`, those that are set. */
  readonly hostnames: readonly string[];
  /** Addresses at which kube-proxy answers itself: `spec.externalIPs`, and VIPs in the status. */
  readonly shortcuts: readonly string[];
  /** `undefined`: it has none, or it leads to the backends of the caller's node only. */
  readonly clusterIp: string | undefined;
  /** `IPv4`, `IPv6`; the first is the Service's own. */
  readonly ipFamilies: readonly string[];
  /** It is being deleted, and its controller takes down what it made. */
  readonly isBeingDeleted: boolean;
  readonly sessionAffinity: string;
  readonly loadBalancerIp: string | undefined;
  /** `spec.loadBalancerSourceRanges`. */
  readonly sourceRanges: readonly string[];
}

const MAKERS_FINALIZER = /^service\.[a-z0-9.]+\/(resources|load-balancer-cleanup)$/;
const ingressSchema = mapping({ hostname: optionalText, ip: v.nullish(address), ipMode: optionalText });

const serviceSchema = mapping({
  metadata: mapping({
    namespace: name,
    name,
    annotations: entries,
    uid: optionalText,
    finalizers: list(text),
    deletionTimestamp: optionalText,
  }),
  spec: mapping({
    type: v.nullish(text, "ClusterIP"),
    loadBalancerClass: optionalText,
    externalTrafficPolicy: v.nullish(v.picklist(["Cluster", "Local", ""], "Cluster or Local"), "Cluster"),
    allocateLoadBalancerNodePorts: v.nullish(v.boolean(), true),
    clusterIP: optionalText,
    internalTrafficPolicy: optionalText,
    externalIPs: list(address),
    ipFamilies: list(text),
    sessionAffinity: v.nullish(text, "None"),
    loadBalancerIP: optionalText,
    loadBalancerSourceRanges: list(text),
    ports: list(
      mapping({
        name: v.nullish(text, ""),
        port,
        protocol: v.nullish(text, "TCP"),
        appProtocol: optionalText,
        targetPort: v.nullish(v.union([v.number(), text], "a number or a name")),
        // 0 is how Go writes "none" where it writes it at all.
        nodePort: v.nullish(v.union([v.literal(0), port], "a port from 1 to 65535")),
      }),
    ),
  }),
  status: v.nullish(mapping({ loadBalancer: v.nullish(mapping({ ingress: list(ingressSchema) })) })),
});

/**
 * @throws ObjectError when it is no Service.
 * @see Kubernetes API reference, Service v1 core.
 */
export function parseService(object: unknown): ServiceObject {
  const { metadata, spec, status } = parseAs(serviceSchema, object, "Service");
  const ingress = status?.loadBalancer?.ingress ?? [];
  return {
    namespace: metadata.namespace,
    name: metadata.name,
    ...pickAnnotations(metadata.annotations),
    uid: metadata.uid ?? undefined,
    finalizers: metadata.finalizers.filter((finalizer) => MAKERS_FINALIZER.test(finalizer)),
    type: spec.type,
    loadBalancerClass: spec.loadBalancerClass ?? undefined,
    externalTrafficPolicy: spec.externalTrafficPolicy === "Local" ? "Local" : "Cluster",
    allocateNodePorts: spec.allocateLoadBalancerNodePorts,
    ports: spec.ports.map(({ targetPort, ...given }) => ({
      ...given,
      isTargetNamed: typeof targetPort === "string",
      appProtocol: given.appProtocol ?? undefined,
      nodePort: given.nodePort || undefined,
    })),
    hostnames: ingress.flatMap(({ hostname }) => (hostname ? [hostname] : [])),
    // VIP is the mode of an address that says none (KEP-1860).
    shortcuts: [
      ...spec.externalIPs.filter(Boolean),
      ...ingress.flatMap(({ ip, ipMode }) => (ip && (ipMode ?? "VIP") === "VIP" ? [ip] : [])),
    ],
    // A headless Service has `None`.
    clusterIp:
      isIP(spec.clusterIP ?? "") === 0 || spec.internalTrafficPolicy === "Local" ? undefined : (spec.clusterIP ?? undefined),
    ipFamilies: spec.ipFamilies,
    isBeingDeleted: Boolean(metadata.deletionTimestamp),
    sessionAffinity: spec.sessionAffinity,
    loadBalancerIp: spec.loadBalancerIP || undefined,
    sourceRanges: spec.loadBalancerSourceRanges,
  };
}
