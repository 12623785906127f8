import type { Endpoint, ServicePort } from "../network.ts";
import { type EndpointSlice, SERVICE_NAME_LABEL, type Service } from "./objects.ts";

/** The EndpointSlices of a Service. */
export const slicesOf = (service: Service, slices: readonly EndpointSlice[]): readonly EndpointSlice[] =>
  slices.filter(
    ({ metadata }) =>
      metadata.namespace === service.metadata.namespace && metadata.labels?.[SERVICE_NAME_LABEL] === service.metadata.name,
  );

/** The ready endpoints of one port of a Service: slices know their ports by the Service port's name. */
export const readyEndpoints = (
  portName: string,
  slices: readonly EndpointSlice[],
): readonly (Endpoint & { readonly zone: string })[] =>
  slices.flatMap((slice) => {
    const port = slice.ports.find(({ name }) => name === portName)?.port;
    if (port === undefined) return [];
    return slice.endpoints
      .filter(({ conditions }) => conditions.ready)
      .flatMap(({ addresses, nodeName, zone }) => addresses.map((address) => ({ node: nodeName, zone, address, port })));
  });

/** What kube-proxy makes of the cluster's Services: the stand-in for its watch. Headless Services have nothing to proxy. */
export function servicePorts(services: readonly Service[], slices: readonly EndpointSlice[]): readonly ServicePort[] {
  return services
    .filter(({ spec }) => spec.clusterIP !== "None")
    .flatMap((service) =>
      service.spec.ports.flatMap(({ name, port, nodePort }) => {
        if (nodePort === undefined) return [];
        return [
          {
            id: `${service.metadata.namespace}/${service.metadata.name}:${port}`,
            clusterIp: service.spec.clusterIP,
            port,
            nodePort,
            externalTrafficPolicy: service.spec.externalTrafficPolicy ?? "Cluster",
            endpoints: readyEndpoints(name, slicesOf(service, slices)).map(({ node, address, port: to }) => ({
              node,
              address,
              port: to,
            })),
          },
        ];
      }),
    );
}
