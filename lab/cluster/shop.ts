/** More Services than the one of the story: one for each verdict that an internal NLB can get, and one that is none of ours. */
import type { Topology } from "../topology.ts";
import type { Cluster } from "./cluster.ts";
import { backendSlices, WEB, webService } from "./defaults.ts";

const PREFIX = "service.beta.kubernetes.io/aws-load-balancer-";

interface Shop {
  readonly name: string;
  readonly annotations: Readonly<Record<string, string>>;
}

const INTERNAL = { [`${PREFIX}scheme`]: "internal" };
const SERVICES: readonly Shop[] = [
  { name: "cart", annotations: INTERNAL },
  {
    name: "checkout",
    annotations: { ...INTERNAL, [`${PREFIX}target-group-attributes`]: "preserve_client_ip.enabled=false" },
  },
  { name: "ledger", annotations: { ...INTERNAL, [`${PREFIX}nlb-target-type`]: "ip" } },
  { name: "outside", annotations: { [`${PREFIX}scheme`]: "internet-facing" } },
];

/**
 * Adds them, with the backend pods of `shop/web` behind each.
 *
 * `cart` can hairpin as `web` can; `checkout` (no client IP preservation) and `ledger` (ip targets) cannot; `outside` is not internal.
 */
export async function addShop(cluster: Cluster, topology: Topology): Promise<void> {
  const web = webService();
  for (const [i, { name, annotations }] of SERVICES.entries()) {
    const metadata = { namespace: WEB.namespace, name, annotations };
    const ports = web.spec.ports.slice(0, 1).map((port) => ({ ...port, nodePort: 31_100 + i }));
    cluster.put("services", { ...web, metadata, spec: { ...web.spec, clusterIP: `172.20.0.${90 + i}`, ports } });
    const everywhere = topology.nodes.map((node) => node.name);
    for (const slice of backendSlices(metadata, topology, everywhere)) cluster.put("endpointslices", slice);
  }
  await cluster.settled();
}
