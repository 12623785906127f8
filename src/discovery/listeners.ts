import type { Controller, Listener, Protocol } from "../domain/service.ts";
import { AWS_ANNOTATIONS } from "./annotations.ts";
import type { ServiceObject, ServicePort } from "./objects.ts";
import type { Wishes } from "./own-annotations.ts";
import { preserveClientIpOf } from "./target-group.ts";

/** The ports that can be probed: fresh TCP connections are all an attempt makes. */
export const tcpPortsOf = (service: ServiceObject): readonly ServicePort[] =>
  service.ports.filter(({ protocol }) => protocol === "TCP");

/** One listener per TCP port of the Service, with what to say on it. */
export function listenersOf(
  controller: Controller,
  service: ServiceObject,
  wishes: Wishes,
  defaultPath: string,
): readonly Listener[] {
  return tcpPortsOf(service).map((port) => {
    const tlsTerminated = isTlsListener(controller, service.annotations, port);
    return {
      port: port.port,
      name: port.name,
      protocol: protocolOf(port, tlsTerminated, wishes.protocols.get(port.port)),
      path: wishes.path ?? defaultPath,
      tlsTerminated,
      preserveClientIp: preserveClientIpOf(controller, service, port.port),
    };
  });
}

/**
 * A certificate makes a TLS listener of every port, or of those that `ssl-ports` names by number or name.
 *
 * `*` means all ports to the cloud provider alone; the controller looks for a port of that name.
 *
 * @see aws-load-balancer-controller, pkg/service/model_build_listener.go; Kubernetes documentation, "TLS support on AWS".
 */
function isTlsListener(controller: Controller, annotations: ReadonlyMap<string, string>, port: ServicePort): boolean {
  if (!annotations.get(AWS_ANNOTATIONS.sslCert)) return false;
  const sslPorts = annotations.get(AWS_ANNOTATIONS.sslPorts);
  if (sslPorts === undefined) return true;
  if (sslPorts === "*") return controller === "ccm";
  const named = sslPorts.split(",").map((part) => part.trim());
  return named.includes(String(port.port)) || (port.name !== "" && named.includes(port.name));
}

/**
 * What to say on a port; nothing (`tcp`), unless it is known what it speaks.
 *
 * A TLS listener speaks TLS whatever its port is called: what the port says is what is spoken inside.
 */
function protocolOf(port: ServicePort, tlsTerminated: boolean, wish: Protocol | undefined): Protocol {
  if (wish !== undefined) return tlsTerminated && wish === "http" ? "https" : wish;
  const said = saidBy(port);
  if (!tlsTerminated) return said;
  return said === "tcp" ? "tls" : "https";
}

/**
 * The application protocol outranks the name. WebSocket servers answer an ordinary GET, HTTP/2 without TLS (`h2c`, gRPC) does
 * not.
 *
 * @see Kubernetes documentation, "Service", application protocol; names such as `http-web` are Istio's convention.
 */
function saidBy(port: ServicePort): "http" | "https" | "tcp" {
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
