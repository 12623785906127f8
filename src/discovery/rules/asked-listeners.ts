import { type ControllerContext, lbcHas } from "../../domain/controller-context.ts";
import type { Controller } from "../../domain/service.ts";
import { AWS_ANNOTATIONS, parseGoBool } from "../objects/annotations.ts";
import { listItems } from "../objects/go-values.ts";
import type { ServiceObject, ServicePort } from "../objects/service-object.ts";
import type { Findings } from "./findings.ts";
import { tlsPortsOf } from "./tls-ports.ts";

/** One port of a Service as a listener. Two ports that are merged are two of these, with the protocol of both. */
export interface AskedListener {
  readonly port: ServicePort;
  /** `TCP`, `TLS`, `UDP`, `TCP_UDP`, `QUIC`, `TCP_QUIC`; `undefined`: TCP alone or with UDP, and it is not known. */
  readonly protocol: string | undefined;
  readonly tlsTerminated: boolean;
  /** Another port with its number has the listener: the controller looks at what is asked for, and makes nothing of it. */
  readonly isDropped?: true;
}

/** Protocols whose target groups always preserve. @see AWS, "Edit target group attributes", client IP preservation. */
const ALWAYS_PRESERVES: readonly string[] = ["UDP", "TCP_UDP", "QUIC", "TCP_QUIC"];
export const alwaysPreserves = (protocol: string): boolean => ALWAYS_PRESERVES.includes(protocol);

/**
 * The listeners that a controller makes of a Service's ports.
 *
 * An NLB has one listener a port. Of two ports with one number the AWS Load Balancer Controller makes one for TCP and UDP where it is
 * told to; else the first of them gets the listener, and the other none.
 *
 * @see aws-load-balancer-controller, pkg/service/model_build_listener.go; cloud-provider-aws, pkg/providers/v1/aws.go
 * (EnsureLoadBalancer), which ignores a port without a node port.
 */
export function askedListeners(
  controller: Controller,
  service: ServiceObject,
  context: ControllerContext,
  findings: Findings,
): readonly AskedListener[] {
  const isTls = tlsPortsOf(controller, service, findings);
  if (controller === "ccm")
    return service.ports.filter(({ nodePort }) => nodePort !== undefined).map((port) => plain(port, isTls));
  if (controller !== "lbc" && controller !== "eks-auto") return service.ports.map((port) => plain(port, isTls));
  const isQuic = quicPortsOf(service, context);
  const merges = mergesTransports(controller, service, context);
  return [...Map.groupBy(service.ports, ({ port }) => port).values()].flatMap((sharing) => {
    const [first] = sharing;
    if (first === undefined) return [];
    if (merges === true && sharing.length > 1) {
      checkMerged(sharing, findings);
      const protocol = isQuic(first) ? "TCP_QUIC" : "TCP_UDP";
      return sharing.map((port) => ({ port, protocol, tlsTerminated: false }));
    }
    const listeners = sharing.map((port) => withQuic(plain(port, isTls), isQuic, findings));
    if (merges === false) return listeners.map((listener, i) => (i === 0 ? listener : { ...listener, isDropped: true }));
    const isShared = sharing.some(({ protocol }) => protocol === "UDP");
    return listeners.map((listener) =>
      isShared && listener.protocol === "TCP" ? { ...listener, protocol: undefined } : listener,
    );
  });
}

function plain(port: ServicePort, isTls: (port: ServicePort) => boolean): AskedListener {
  const tlsTerminated = isTls(port);
  return { port, protocol: tlsTerminated ? "TLS" : port.protocol, tlsTerminated };
}

/** @returns `undefined` where it is not known what becomes of two ports with one number. */
function mergesTransports(
  controller: Controller,
  { annotations }: ServiceObject,
  context: ControllerContext,
): boolean | undefined {
  if (controller !== "lbc" || !lbcHas(context, "tcpUdpListener")) return undefined;
  // What it cannot parse it takes for nothing said.
  return parseGoBool(annotations.get(AWS_ANNOTATIONS.tcpUdpListener) ?? "") ?? context.lbcTcpUdpListener;
}

function checkMerged(sharing: readonly ServicePort[], findings: Findings): void {
  const transports = sharing.map(({ protocol }) => protocol);
  if (transports.length === 2 && transports.includes("TCP") && transports.includes("UDP")) return;
  findings.refuse(
    `spec.ports: got ${transports.join(" and ")} on port ${sharing[0]?.port}, expected TCP and UDP: no others are merged.`,
  );
}

function quicPortsOf({ annotations }: ServiceObject, context: ControllerContext): (port: ServicePort) => boolean {
  const asked = lbcHas(context, "quic") ? listItems(annotations.get(AWS_ANNOTATIONS.quicPorts) ?? "") : [];
  return ({ name, port }) => asked.includes(name) || asked.includes(String(port));
}

function withQuic(listener: AskedListener, isQuic: (port: ServicePort) => boolean, findings: Findings): AskedListener {
  const { port, protocol } = listener;
  if (!isQuic(port)) return listener;
  if (protocol === "UDP") return { ...listener, protocol: "QUIC" };
  findings.refuse(`${AWS_ANNOTATIONS.quicPorts}: got port ${port.port}, which is for ${protocol}, expected ports for UDP.`);
  return listener;
}
