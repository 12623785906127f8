import { type EndpointSlice, SERVICE_NAME_LABEL, type Service } from "./objects.ts";

/** One address behind one port of a Service. */
export interface ReadyEndpoint {
  readonly address: string;
  readonly port: number;
  /** "" for an endpoint that does not say on which node it is. */
  readonly node: string;
  readonly zone: string | undefined;
}

/**
 * The ready endpoints of a Service's port, over all its slices: each address once, by address. A slice says by the port's name
 * which port it has; the name of the only port of a Service may be empty.
 *
 * @see Kubernetes, "EndpointSlices": an address may be in two slices for a while; `ready` that is not there counts as true.
 */
export function readyEndpoints(service: Service, portName: string, slices: readonly EndpointSlice[]): readonly ReadyEndpoint[] {
  const { namespace, name } = service.metadata;
  const own = slices.filter(
    ({ metadata, addressType }) =>
      addressType === "IPv4" && metadata.namespace === namespace && metadata.labels?.[SERVICE_NAME_LABEL] === name,
  );
  const found = new Map<string, ReadyEndpoint>();
  for (const { ports, endpoints } of own) {
    const port = ports.find((candidate) => (candidate.name ?? "") === portName)?.port;
    if (port === undefined) continue;
    for (const { addresses, conditions, nodeName = "", zone } of endpoints) {
      const [address] = addresses;
      if (address === undefined || conditions.ready === false) continue;
      found.set(address, { address, port, node: nodeName, zone });
    }
  }
  return [...found.values()].toSorted((a, b) => (a.address < b.address ? -1 : 1));
}
