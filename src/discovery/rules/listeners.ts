import type { LoadBalancerPort } from "../../domain/load-balancer.ts";
import { type Listener, type Protocol, spokenOn } from "../../domain/service.ts";
import type { ServicePort } from "../objects/service-object.ts";
import type { Wishes } from "./own-annotations.ts";

/** The ports that can be probed: fresh TCP connections are all an attempt makes. */
export const tcpPortsOf = (ports: readonly ServicePort[]): readonly ServicePort[] =>
  ports.filter(({ protocol }) => protocol === "TCP");

/**
 * One listener per TCP port of the load balancer, with what to say on it.
 *
 * @param said - The port of the Service, which names what is spoken there.
 * @param clusterIp - Of the Service whose ports these are; `undefined`: it has none, or they are those of several Services.
 */
export function listenersOf(
  ports: readonly LoadBalancerPort[],
  said: (port: LoadBalancerPort) => Pick<ServicePort, "name" | "appProtocol"> | undefined,
  wishes: Pick<Wishes, "protocols" | "path">,
  defaultPath: string,
  clusterIp: string | undefined,
): readonly Listener[] {
  return ports
    .filter(({ transport }) => transport === "TCP")
    .map((port) => ({
      port: port.port,
      name: port.name,
      protocol: protocolOf(said(port), port.tlsTerminated, wishes.protocols.get(port.port)),
      path: wishes.path ?? defaultPath,
      tlsTerminated: port.tlsTerminated,
      targetGroup: port.targetGroup,
      // The ports of the NLB are the ports of the Service.
      ...(clusterIp === undefined ? {} : { clusterAddress: { address: clusterIp, port: port.port } }),
    }));
}

/**
 * What to say on a port; nothing (`tcp`), unless it is known what it speaks.
 *
 * A TLS listener speaks TLS whatever its port is called: what the port says is what is spoken inside.
 */
function protocolOf(
  port: Pick<ServicePort, "name" | "appProtocol"> | undefined,
  tlsTerminated: boolean,
  wish: Protocol | undefined,
): Protocol {
  if (wish !== undefined) return spokenOn(wish, tlsTerminated);
  const said = port === undefined ? "tcp" : saidBy(port);
  if (!tlsTerminated) return said;
  return said === "tcp" ? "tls" : "https";
}

/**
 * The application protocol outranks the name. WebSocket servers answer an ordinary GET, HTTP/2 without TLS (`h2c`, gRPC) does
 * not.
 *
 * @see Kubernetes documentation, "Service", application protocol; names such as `http-web` are Istio's convention.
 */
function saidBy(port: Pick<ServicePort, "name" | "appProtocol">): "http" | "https" | "tcp" {
  switch (port.appProtocol?.toLowerCase()) {
    case undefined:
    case "":
      break;
    case "http":
    case "kubernetes.io/ws":
      return "http";
    case "https":
    case "kubernetes.io/wss":
      return "https";
    default:
      return "tcp";
  }
  if (/^https(-|$)/.test(port.name)) return "https";
  return /^http(-|$)/.test(port.name) ? "http" : "tcp";
}
