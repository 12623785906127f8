import type { ServicePort } from "../network.ts";
import { readyEndpoints } from "./endpoints.ts";
import { type EndpointSlice, keyOf, type Service } from "./objects.ts";

/**
 * What kube-proxy makes of the objects: every TCP port of every Service with a cluster IP, with its ready endpoints.
 *
 * Names of target ports are resolved by the EndpointSlices, as in the real one. Headless Services have nothing to proxy.
 */
export function servicePorts(services: readonly Service[], slices: readonly EndpointSlice[]): readonly ServicePort[] {
  return services.flatMap((service) => {
    const { metadata, spec } = service;
    const { clusterIP = "None", externalTrafficPolicy = "Cluster" } = spec;
    if (clusterIP === "None" || clusterIP === "" || spec.type === "ExternalName") return [];
    return spec.ports
      .filter(({ protocol = "TCP" }) => protocol === "TCP")
      .map(({ name = "", port, nodePort = 0 }) => ({
        id: `${keyOf(metadata)}:${port}`,
        clusterIp: clusterIP,
        port,
        nodePort,
        externalTrafficPolicy,
        endpoints: readyEndpoints(service, name, slices).map(({ node, address, port: targetPort }) => ({
          node,
          address,
          port: targetPort,
        })),
      }));
  });
}
