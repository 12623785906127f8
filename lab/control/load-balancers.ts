import { createHash } from "node:crypto";
import type { NlbListener, RegisteredTarget } from "../network.ts";
import { nlbAddress, REGION, type Topology } from "../topology.ts";
import type { DnsRecord } from "./dns-server.ts";
import { readyEndpoints, slicesOf } from "./kube-proxy.ts";
import type { EndpointSlice, Service } from "./objects.ts";

/**
 * The stand-in for the AWS Load Balancer Controller and the NLB's health checks: Services in, NLBs out.
 *
 * It shares no code with the agent's discovery: it is the other side of the test, and must not be wrong in the same way.
 */

const PREFIX = "service.beta.kubernetes.io/aws-load-balancer-";
const CLASS = "service.k8s.aws/nlb";
/** AWS answers for NLBs with 60 s; the lab wants to see changes sooner. */
const TTL_SECONDS = 5;

/** What AWS remembers of a target group: an attribute that is not named any more keeps its value. */
export interface TargetGroupMemory {
  readonly preserveClientIp: boolean | undefined;
}

export interface LoadBalancers {
  readonly listeners: readonly NlbListener[];
  /** Hostname of each Service's NLB, by `namespace/name`. */
  readonly hostnames: ReadonlyMap<string, string>;
  readonly records: ReadonlyMap<string, DnsRecord>;
  /** To be passed in the next time. */
  readonly memory: ReadonlyMap<string, TargetGroupMemory>;
}

const keyOf = ({ metadata }: Service): string => `${metadata.namespace}/${metadata.name}`;

/** `a=1,b=2` as a map. */
const attributes = (text: string | undefined): ReadonlyMap<string, string> =>
  new Map((text ?? "").split(",").map((pair) => [pair.split("=")[0]?.trim() ?? "", pair.slice(pair.indexOf("=") + 1).trim()]));

/** The NLBs' name in DNS: deterministic, as long as the Service keeps its name. */
function hostnameOf(service: Service): string {
  const { namespace, name } = service.metadata;
  const hash = createHash("sha256").update(keyOf(service)).digest("hex");
  return `k8s-${namespace.slice(0, 8)}-${name.slice(0, 8)}-${hash.slice(0, 10)}-${hash.slice(10, 26)}.elb.${REGION}.amazonaws.com`;
}

/**
 * @param order - Services that have or had an NLB, oldest first: the position picks the addresses, and must not change.
 * @param memory - Of the time before.
 */
export function loadBalancers(
  input: { readonly services: readonly Service[]; readonly slices: readonly EndpointSlice[]; readonly topology: Topology },
  order: readonly string[],
  memory: ReadonlyMap<string, TargetGroupMemory>,
): LoadBalancers {
  const listeners: NlbListener[] = [];
  const hostnames = new Map<string, string>();
  const records = new Map<string, DnsRecord>();
  const next = new Map(memory);
  for (const service of input.services.filter(isInternalNlb)) {
    const annotations = service.metadata.annotations ?? {};
    const targetType = annotations[`${PREFIX}nlb-target-type`] === "ip" ? "ip" : "instance";
    const key = `${keyOf(service)} ${targetType}`;
    const explicit = attributes(annotations[`${PREFIX}target-group-attributes`]).get("preserve_client_ip.enabled");
    const preserveClientIp = explicit === undefined ? memory.get(key)?.preserveClientIp : explicit === "true";
    next.set(key, { preserveClientIp });
    const crossZone = attributes(annotations[`${PREFIX}attributes`]).get("load_balancing.cross_zone.enabled") === "true";
    const nth = order.indexOf(keyOf(service));
    const addresses = input.topology.zones.map((zone) => ({ zone: zone.name, address: nlbAddress(zone, nth) }));
    const groups = service.spec.ports.map((port) => {
      const targets = targetsOf(service, port, targetType, input);
      listeners.push({
        id: `${keyOf(service)}:${port.port}`,
        addresses,
        port: port.port,
        crossZone,
        // Defaults of AWS: on for instance targets, off for ip targets (TCP and TLS).
        preserveClientIp: preserveClientIp ?? targetType === "instance",
        targets,
      });
      return targets;
    });
    const hostname = hostnameOf(service);
    hostnames.set(keyOf(service), hostname);
    const serves = (zone: string) => groups.every((targets) => targets.some((target) => crossZone || target.zone === zone));
    const healthy = addresses.filter(({ zone }) => serves(zone));
    // With no healthy zone at all, AWS answers with every address (fail-open).
    const shown = healthy.length > 0 ? healthy : addresses;
    records.set(hostname, { addresses: shown.map(({ address }) => address), ttlSeconds: TTL_SECONDS });
    for (const { zone, address } of addresses)
      records.set(`${zone}.${hostname}`, { addresses: [address], ttlSeconds: TTL_SECONDS });
  }
  return { listeners, hostnames, records, memory: next };
}

/** Whether the controller makes an NLB for a Service. */
export function isInternalNlb({ spec, metadata }: Service): boolean {
  const type = metadata.annotations?.[`${PREFIX}type`];
  const scheme = metadata.annotations?.[`${PREFIX}scheme`] ?? "internal";
  const isNlb =
    spec.loadBalancerClass === undefined ? type === "external" || type === "nlb-ip" : spec.loadBalancerClass === CLASS;
  return spec.type === "LoadBalancer" && isNlb && scheme === "internal";
}

/** Healthy registered targets: nodes (all, or with policy Local those with a ready endpoint), or ready pods. */
function targetsOf(
  service: Service,
  port: Service["spec"]["ports"][number],
  targetType: "instance" | "ip",
  input: { readonly slices: readonly EndpointSlice[]; readonly topology: Topology },
): readonly RegisteredTarget[] {
  const endpoints = readyEndpoints(port.name, slicesOf(service, input.slices));
  if (targetType === "ip") return endpoints;
  const { nodePort } = port;
  if (nodePort === undefined) return [];
  const local = service.spec.externalTrafficPolicy === "Local";
  return input.topology.nodes
    .filter(({ name }) => !local || endpoints.some(({ node }) => node === name))
    .map(({ name, zone, address }) => ({ node: name, zone, address, port: nodePort }));
}
