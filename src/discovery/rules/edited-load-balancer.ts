import type { LoadBalancer, LoadBalancerPort } from "../../domain/load-balancer.ts";
import { UNKNOWN_SWITCH } from "../../domain/target-group.ts";
import type { ServiceObject, ServicePort } from "../objects/service-object.ts";
import type { BindingFacts } from "../objects/target-group-binding.ts";
import { Findings } from "./findings.ts";
import type { Handler } from "./handler.ts";
import type { Maker } from "./maker.ts";
import { tlsPortsOf } from "./tls-ports.ts";
import { unstatedPort } from "./unstated-port.ts";

const NAMES: Readonly<Record<Handler["controller"], string>> = {
  lbc: "the AWS Load Balancer Controller",
  ccm: "the cloud provider",
  "eks-auto": "EKS Auto Mode",
  other: "another controller",
  none: "no controller",
};

/**
 * What is to be said where a load balancer was made by one controller and the Service is edited to be another's: the first
 * one no longer acts on it, the other one did not make it, and what it was made with is not written anywhere.
 */
function editDoesNotReach(maker: Maker, { controller, isNlb }: Handler): string {
  const now = isNlb ? `those of ${NAMES[controller]}` : "no longer those of an NLB";
  return (
    `The NLB was made by ${NAMES[maker.controller]}, as ${maker.evidence} says, and the Service's class and annotations are ${now}: ` +
    "the edit does not reach it. What it was made with is not known: the AWS console or a measurement tells."
  );
}

/** A port of such a load balancer: what holds however it was made, and nothing that annotations say now. */
const editedPort = (
  { controller }: Maker,
  service: ServiceObject,
  port: ServicePort,
  tlsTerminated: boolean,
  binding: BindingFacts | undefined,
): LoadBalancerPort =>
  controller === "ccm"
    ? unstatedPort(service, port, { tlsTerminated, targetType: "instance", binding: undefined })
    : unstatedPort(service, port, { tlsTerminated, targetType: undefined, binding });

/** A load balancer that no edit of the Service has reached since it was made. */
export function editedLoadBalancer(
  service: ServiceObject,
  maker: Maker,
  handler: Handler,
  bindingOf: ((port: ServicePort) => BindingFacts | undefined) | undefined,
): LoadBalancer {
  const { namespace, name, hostnames, shortcuts, ports } = service;
  const { controller } = maker;
  const isTls = tlsPortsOf(controller, service, new Findings());
  return {
    kind: "Service",
    namespace,
    name,
    controller,
    isNlb: true,
    notNlb: "",
    internal: UNKNOWN_SWITCH,
    hostnames,
    shortcuts,
    zonalAffinity: false,
    ports: ports.map((port) => editedPort(maker, service, port, isTls(port), bindingOf?.(port))),
    refusals: [],
    ignored: [],
    doubts: [editDoesNotReach(maker, handler)],
  };
}
