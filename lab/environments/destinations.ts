import { webService } from "../cluster/defaults.ts";
import { API_SERVER_ADDRESS, API_SERVER_PORT, nlbAddress, type Topology } from "../topology.ts";
import type { Destination } from "./plan.ts";

/** What the agents of a lab connect to: the frontends of `shop/web`, the way past its NLB, the API server. */
export function agentDestinations({ zones }: Topology): readonly Destination[] {
  const { ports, clusterIP = "" } = webService().spec;
  const addresses = [...zones.map((zone) => nlbAddress(zone, 0)), clusterIP];
  return [
    ...ports.flatMap(({ port }) => addresses.map((address) => ({ address, port }))),
    { address: API_SERVER_ADDRESS, port: API_SERVER_PORT },
  ];
}
