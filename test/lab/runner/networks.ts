/** Networks made by hand, so that the data planes are tested without the control plane that computes them in the lab. */
import type { Fault, Network, NlbListener, ServicePort } from "../../../lab/network.ts";
import { BACKEND_TCP_PORT, nlbAddress, type Topology } from "../../../lab/topology.ts";

export const PORT = 9000;
export const NODE_PORT = 31090;
export const CLUSTER_IP = "172.20.0.10";

export interface NetworkOptions {
  readonly targetType?: "instance" | "ip";
  readonly preserveClientIp?: boolean;
  readonly crossZone?: boolean;
  readonly externalTrafficPolicy?: ServicePort["externalTrafficPolicy"];
  /** Nodes with a ready backend; all by default. */
  readonly backends?: readonly string[];
  readonly faults?: readonly Fault[];
}

/** One Service with one TCP listener on one NLB. The defaults are those under which it hairpins. */
export function handMade(topology: Topology, options: NetworkOptions = {}): Network {
  const {
    targetType = "instance",
    externalTrafficPolicy = "Cluster",
    backends = topology.nodes.map(({ name }) => name),
  } = options;
  const hosts = topology.nodes.filter(({ name }) => backends.includes(name));
  const targets =
    targetType === "ip"
      ? hosts.map(({ zone, name, backend }) => ({ zone, node: name, address: backend.address, port: BACKEND_TCP_PORT }))
      : topology.nodes.map(({ zone, name, address }) => ({ zone, node: name, address, port: NODE_PORT }));
  const listener: NlbListener = {
    id: "shop/web:tcp",
    addresses: topology.zones.map((zone) => ({ zone: zone.name, address: nlbAddress(zone, 0) })),
    port: PORT,
    crossZone: options.crossZone ?? false,
    preserveClientIp: options.preserveClientIp ?? true,
    targets,
  };
  const servicePort: ServicePort = {
    id: "shop/web:tcp",
    clusterIp: CLUSTER_IP,
    port: PORT,
    nodePort: NODE_PORT,
    externalTrafficPolicy,
    endpoints: hosts.map(({ name, backend }) => ({ node: name, address: backend.address, port: BACKEND_TCP_PORT })),
  };
  return { servicePorts: [servicePort], listeners: [listener], faults: options.faults ?? [] };
}
