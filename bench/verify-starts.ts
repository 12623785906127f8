import { backendSlices, webService } from "../lab/cluster/defaults.ts";
import type { EndpointSlice, Service } from "../lab/cluster/objects.ts";
import { type ClusterShape, pick, someOf } from "./verify-draws.ts";

export const PREFIX = "service.beta.kubernetes.io/aws-load-balancer-";
export const ATTRIBUTES = `${PREFIX}target-group-attributes`;

/** What decides which nodes hairpin. */
type Mode = "instance" | "local" | "ip";
const MODES: readonly Mode[] = ["instance", "local", "ip"];

/** A Service as it is before the change. */
export interface Start {
  readonly annotations: Readonly<Record<string, string>>;
  readonly policy: "Cluster" | "Local";
  readonly ports: readonly number[];
  /** Names of the nodes whose backend is ready. */
  readonly readyOn: readonly string[];
}

/** What of it is not for the seed to draw. */
export interface Wanted {
  readonly modes?: readonly Mode[];
  readonly crossZone?: boolean;
  /** Whether client IP preservation is on; absent: it is. */
  readonly preserves?: boolean;
  /** Whether an annotation says so; where the default is otherwise one does. */
  readonly isExplicit?: boolean;
  /** Whether some node is without a backend. */
  readonly isPartial?: boolean;
  readonly ports?: readonly number[];
}

/** Draws the rest: the mode, cross-zone, how preservation is said to be on, and which nodes have a backend. */
export function startWith(random: () => number, { present }: ClusterShape, wanted: Wanted): Start {
  const mode = pick(wanted.modes ?? MODES, random);
  const { crossZone = random() < 0.5, preserves = true, isPartial = false, ports = [80] } = wanted;
  const isDefault = preserves === (mode !== "ip");
  const isExplicit = !isDefault || (wanted.isExplicit ?? random() < 0.5);
  const nodes = present.map(({ name }) => name);
  return {
    annotations: {
      [`${PREFIX}scheme`]: "internal",
      [`${PREFIX}attributes`]: `load_balancing.cross_zone.enabled=${crossZone}`,
      ...(mode === "ip" ? { [`${PREFIX}nlb-target-type`]: "ip" } : {}),
      ...(isExplicit ? { [ATTRIBUTES]: `preserve_client_ip.enabled=${preserves}` } : {}),
    },
    policy: mode === "local" ? "Local" : "Cluster",
    ports,
    readyOn: someOf(nodes, random, 1, isPartial ? nodes.length - 1 : nodes.length),
  };
}

/** The Service in the lab's namespace of shops, number `nth` of those that are there at the same time, and its slices. */
export function objectsOf(
  { namespace, name }: { readonly namespace: string; readonly name: string },
  { annotations, policy, ports, readyOn }: Start,
  nth: number,
  { topology }: ClusterShape,
): { readonly service: Service; readonly slices: readonly EndpointSlice[] } {
  const web = webService();
  const service = {
    ...web,
    metadata: { namespace, name, annotations },
    spec: {
      ...web.spec,
      clusterIP: `172.20.1.${nth + 1}`,
      externalTrafficPolicy: policy,
      ports: web.spec.ports
        .filter(({ port }) => ports.includes(port))
        .map((port, i) => ({ ...port, nodePort: 31_100 + 10 * nth + i })),
    },
  };
  return { service, slices: backendSlices({ namespace, name }, topology, readyOn) };
}
