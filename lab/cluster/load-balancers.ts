import { createHash } from "node:crypto";
import type { DnsRecord } from "../dns/zone.ts";
import type { NlbListener, RegisteredTarget } from "../network.ts";
import { nlbAddress, REGION, type Topology } from "../topology.ts";
import { readyEndpoints } from "./endpoints.ts";
import { AnnotationError, type NlbSettings, nlbSettings, type TargetType } from "./nlb-settings.ts";
import { type EndpointSlice, keyOf, type Service, type ServicePort } from "./objects.ts";

/** What AWS has of one NLB, whatever the annotations say by now. */
export interface NlbState {
  /** What the annotation calls it. */
  readonly name: string | undefined;
  /** Which of the zones' addresses it has: stays as long as the NLB does. */
  readonly nth: number;
  readonly targetType: TargetType;
  readonly crossZone: boolean;
  readonly tlsPorts: ReadonlySet<number>;
  /** What was last said of each port's target group; AWS's default where nothing ever was. */
  readonly preserveClientIp: ReadonlyMap<number, boolean | undefined>;
}

/** By `namespace/name` of the Service. */
export type NlbStates = ReadonlyMap<string, NlbState>;

export interface LoadBalancers {
  readonly listeners: readonly NlbListener[];
  /** DNS name of each Service's NLB, by `namespace/name`. */
  readonly hostnames: ReadonlyMap<string, string>;
  readonly records: ReadonlyMap<string, DnsRecord>;
  /** To be passed in the next time. */
  readonly states: NlbStates;
  /** Services whose annotations the controller refused: their NLBs stay as they were. */
  readonly problems: readonly { readonly service: string; readonly problem: string }[];
}

export interface ClusterObjects {
  readonly services: readonly Service[];
  readonly slices: readonly EndpointSlice[];
  readonly topology: Topology;
}

/** NLBs at a time: the address plan has a /24 for them in each zone. */
const MAX_NLBS = 250;

/**
 * The stand-in for the AWS Load Balancer Controller and the NLBs' health checks.
 *
 * An attribute that an annotation no longer names keeps its value, since the controller only ever sets those that are named; a
 * changed target type is a new target group, with the defaults of its kind; another name is another NLB, which knows of nothing that the
 * old one was told.
 *
 * @param states - What it returned the last time; empty at first.
 * @param ttlSeconds - Of the DNS records. AWS has 60.
 */
export function loadBalancers(objects: ClusterObjects, states: NlbStates, ttlSeconds: number): LoadBalancers {
  const problems: { service: string; problem: string }[] = [];
  const next = new Map<string, NlbState>();
  const taken = new Set([...states.values()].map(({ nth }) => nth));
  const built: { readonly service: Service; readonly state: NlbState }[] = [];
  for (const service of objects.services) {
    const key = keyOf(service.metadata);
    try {
      const settings = nlbSettings(service);
      if (settings === undefined) continue;
      const present = states.get(key);
      const previous = present?.name === settings.name ? present : undefined;
      const nth = previous?.nth ?? firstFree(taken);
      taken.add(nth);
      built.push({ service, state: nextState(settings, previous, nth) });
    } catch (error) {
      if (!(error instanceof AnnotationError || error instanceof RangeError)) throw error;
      problems.push({ service: key, problem: error.message });
      const state = states.get(key);
      if (state !== undefined) built.push({ service, state });
    }
  }

  const listeners: NlbListener[] = [];
  const records = new Map<string, DnsRecord>();
  const hostnames = new Map<string, string>();
  for (const { service, state } of built) {
    const own = listenersOf(service, state, objects);
    const hostname = hostnameOf(service, state);
    const addresses = addressesOf(objects.topology, state);
    const serving = addresses.filter(({ zone }) => own.some((listener) => hasTarget(listener, zone)));
    // With no zone that serves, AWS answers with all of them rather than with none.
    const answer = (serving.length > 0 ? serving : addresses).map(({ address }) => address);
    records.set(hostname, { addresses: answer, ttlSeconds });
    for (const { zone, address } of addresses) records.set(`${zone}.${hostname}`, { addresses: [address], ttlSeconds });
    hostnames.set(keyOf(service.metadata), hostname);
    next.set(keyOf(service.metadata), state);
    listeners.push(...own);
  }
  return { listeners, hostnames, records, states: next, problems };
}

function nextState(settings: NlbSettings, previous: NlbState | undefined, nth: number): NlbState {
  const { name, targetType } = settings;
  const remembered = previous?.targetType === targetType ? previous.preserveClientIp : new Map<number, boolean>();
  return {
    name,
    nth,
    targetType,
    tlsPorts: settings.tlsPorts,
    crossZone: settings.crossZone ?? previous?.crossZone ?? false,
    preserveClientIp: new Map([...settings.preserveClientIp].map(([port, value]) => [port, value ?? remembered.get(port)])),
  };
}

function firstFree(taken: ReadonlySet<number>): number {
  for (let nth = 0; nth < MAX_NLBS; nth++) if (!taken.has(nth)) return nth;
  throw new RangeError(`no address left: the lab has room for ${MAX_NLBS} NLBs`);
}

const addressesOf = ({ zones }: Topology, { nth }: NlbState) =>
  zones.map((zone) => ({ zone: zone.name, address: nlbAddress(zone, nth) }));

const hasTarget = ({ targets, crossZone }: NlbListener, zone: string): boolean =>
  targets.some((target) => crossZone || target.zone === zone);

/** One listener per TCP port; the lab's network knows no other protocol. */
function listenersOf(service: Service, state: NlbState, objects: ClusterObjects): readonly NlbListener[] {
  return service.spec.ports
    .filter(({ protocol = "TCP" }) => protocol === "TCP")
    .map((port) => ({
      id: `${keyOf(service.metadata)}:${port.port}`,
      addresses: addressesOf(objects.topology, state),
      port: port.port,
      crossZone: state.crossZone,
      // AWS's defaults for TCP target groups: on for instances, off for IP addresses.
      preserveClientIp: state.preserveClientIp.get(port.port) ?? state.targetType === "instance",
      ...(state.tlsPorts.has(port.port) ? { tlsTerminated: true as const } : {}),
      targets: targetsOf(service, port, state, objects),
    }));
}

/** Registered targets that pass their health check: nodes (with policy Local those with a ready endpoint), or ready pods. */
function targetsOf(
  service: Service,
  port: ServicePort,
  { targetType }: NlbState,
  { slices, topology }: ClusterObjects,
): readonly RegisteredTarget[] {
  const endpoints = readyEndpoints(service, port.name ?? "", slices);
  if (targetType === "ip") {
    // AWS knows a target's zone by its subnet, that is by its node.
    const zones = new Map(topology.nodes.map(({ name, zone }) => [name, zone]));
    return endpoints.flatMap(({ node, address, port: targetPort }) => {
      const zone = zones.get(node);
      return zone === undefined ? [] : [{ zone, node, address, port: targetPort }];
    });
  }
  const { nodePort } = port;
  if (nodePort === undefined) return [];
  const hosts = new Set(endpoints.map(({ node }) => node));
  return topology.nodes
    .filter(({ name }) => service.spec.externalTrafficPolicy !== "Local" || hosts.has(name))
    .map(({ name, zone, address }) => ({ zone, node: name, address, port: nodePort }));
}

/** As the controller names its NLBs, or the annotation; the last part is AWS's own. The same for the same Service and name, always. */
function hostnameOf({ metadata }: Service, { name: given }: NlbState): string {
  const { namespace, name } = metadata;
  const hash = createHash("sha256")
    .update([`${namespace}/${name}`, ...(given === undefined ? [] : [given])].join(" "))
    .digest("hex");
  const part = (text: string) => text.replaceAll(/[^a-z0-9]/g, "").slice(0, 8);
  const title = given ?? `k8s-${part(namespace)}-${part(name)}-${hash.slice(0, 10)}`;
  return `${title}-${hash.slice(10, 26)}.elb.${REGION}.amazonaws.com`;
}
