import type { Controller } from "../../domain/service.ts";
import { AWS_ANNOTATIONS } from "../objects/annotations.ts";
import type { ServiceObject, ServicePort } from "../objects/service-object.ts";
import { shown } from "../problems.ts";
import type { Findings } from "./findings.ts";

/**
 * A certificate makes a TLS listener of every TCP port, or of those that `ssl-ports` names by number or name.
 *
 * `*` means all ports to the cloud provider alone; the controller looks for a port of that name, and refuses what names none.
 *
 * @see aws-load-balancer-controller, pkg/service/model_build_listener.go; Kubernetes documentation, "TLS support on AWS".
 */
export function isTlsListener(controller: Controller, { annotations }: ServiceObject, port: ServicePort): boolean {
  if (port.protocol !== "TCP" || !annotations.get(AWS_ANNOTATIONS.sslCert)) return false;
  const sslPorts = annotations.get(AWS_ANNOTATIONS.sslPorts);
  if (sslPorts === undefined) return true;
  if (sslPorts === "*") return controller === "ccm";
  return namesOf(sslPorts).some((name) => isPort(port, name));
}

/** Notes the ports that `ssl-ports` names and the Service does not have. */
export function checkSslPorts(controller: Controller, { annotations, ports }: ServiceObject, findings: Findings): void {
  const sslPorts = annotations.get(AWS_ANNOTATIONS.sslPorts);
  if (controller !== "lbc" || sslPorts === undefined || !annotations.get(AWS_ANNOTATIONS.sslCert)) return;
  for (const name of namesOf(sslPorts)) {
    if (ports.some((port) => isPort(port, name))) continue;
    findings.refuse(`${AWS_ANNOTATIONS.sslPorts}: got ${shown(name)}, expected number or name of a port of the Service.`);
  }
}

const namesOf = (text: string): readonly string[] =>
  text
    .split(",")
    .map((part) => part.trim())
    .filter(Boolean);

const isPort = (port: ServicePort, name: string): boolean =>
  String(port.port) === name || (port.name !== "" && port.name === name);
