import type { Controller } from "../../domain/service.ts";
import { AWS_ANNOTATIONS } from "../objects/annotations.ts";
import { listItems } from "../objects/go-values.ts";
import type { ServiceObject, ServicePort } from "../objects/service-object.ts";
import { shown } from "../problems.ts";
import type { Findings } from "./findings.ts";

/**
 * Which ports a certificate makes TLS listeners of: all for TCP, or those that `ssl-ports` names by number or name.
 *
 * Notes the names that are none: the AWS Load Balancer Controller refuses them, with a certificate or without.
 *
 * @see aws-load-balancer-controller, pkg/service/model_build_listener.go; cloud-provider-aws, pkg/providers/v1/aws.go (getPortSets).
 */
export function tlsPortsOf(
  controller: Controller,
  { annotations, ports }: ServiceObject,
  findings: Findings,
): (port: ServicePort) => boolean {
  const certificate = annotations.get(AWS_ANNOTATIONS.sslCert) ?? "";
  const sslPorts = annotations.get(AWS_ANNOTATIONS.sslPorts) ?? "";
  if (controller === "ccm") {
    const isNamed = ccmPorts(sslPorts);
    return (port) => certificate !== "" && port.protocol !== "UDP" && isNamed(port);
  }
  const names = listItems(sslPorts);
  const isNamed = ({ name, port }: ServicePort, asked: string): boolean => name === asked || String(port) === asked;
  if (controller === "lbc" || controller === "eks-auto") {
    for (const asked of names.filter((name) => !ports.some((port) => isNamed(port, name)))) {
      findings.refuse(`${AWS_ANNOTATIONS.sslPorts}: got ${shown(asked)}, expected number or name of a port of the Service.`);
    }
  }
  const hasCertificate = listItems(certificate).length > 0;
  return (port) =>
    hasCertificate && port.protocol !== "UDP" && (names.length === 0 || names.some((asked) => isNamed(port, asked)));
}

/** Nothing and `*` are all ports; spaces belong to a name, and no port has such a one. */
function ccmPorts(text: string): (port: ServicePort) => boolean {
  if (text === "" || text === "*") return () => true;
  const items = text.split(",");
  const numbers = new Set(items.filter((item) => /^[+-]?\d+$/.test(item)).map(Number));
  const names = new Set(items.filter((item) => !/^[+-]?\d+$/.test(item)));
  return ({ name, port }) => numbers.has(port) || names.has(name);
}
