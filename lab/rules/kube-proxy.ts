/**
 * What kube-proxy does on one node, as an nftables ruleset.
 *
 * The rules are those of its iptables mode (pkg/proxy/iptables/proxier.go in kubernetes/kubernetes) as far as the lab's traffic
 * can tell the difference: ClusterIP and NodePort, externalTrafficPolicy, masquerade by mark, no endpoints. The hairpin needs
 * nothing else: it is made of the NodePort DNAT here and of the client being a local route.
 */
import type { ServicePort } from "../network.ts";
import { addressText, type Chain, commentText, dnatToAny, portText, renderTable } from "./nft.ts";

export const KUBE_PROXY_TABLE = "kube-proxy";

/** The bit that kube-proxy sets on packets to masquerade (its `--iptables-masquerade-bit`, 14 by default). */
const MASQUERADE = "0x4000";
const MARK = `meta mark set meta mark | ${MASQUERADE}`;
/** Any of the node's own addresses will do, as with kube-proxy's default `nodePortAddresses`. */
const TO_NODE = "fib daddr type local";

/**
 * The ruleset of the namespace of `node`.
 *
 * @param servicePorts - The same for every node; a `nodePort` of 0 means that the Service has none.
 * @returns Text for `nft -f -`, see {@link renderTable}.
 * @throws RangeError for an address or port that is none.
 */
export function renderKubeProxy(node: { readonly name: string }, servicePorts: readonly ServicePort[]): string {
  const ports = servicePorts.map((servicePort) => renderServicePort(node.name, servicePort));
  const ownEndpoints = new Set(
    servicePorts.flatMap(({ endpoints }) =>
      endpoints.filter((endpoint) => endpoint.node === node.name).map(({ address }) => address),
    ),
  );
  const toItself = [...ownEndpoints].sort().map((address) => `${address} . ${address}`);
  const chains: Chain[] = [
    { name: "prerouting", hook: "nat hook prerouting priority dstnat", rules: ["jump services"] },
    { name: "output", hook: "nat hook output priority -100", rules: ["jump services"] },
    { name: "services", rules: ports.flatMap(({ served }) => served) },
    {
      name: "postrouting",
      hook: "nat hook postrouting priority srcnat",
      rules: [
        `meta mark & ${MASQUERADE} == ${MASQUERADE} masquerade fully-random`,
        // A pod that reaches itself through its Service would see its own address as the source and drop the packet.
        ...(toItself.length > 0 ? [`ip saddr . ip daddr { ${toItself.join(", ")} } masquerade fully-random`] : []),
      ],
    },
    // Addressed to the node, on the way through it, or from it: what no rule above has given a destination.
    ...["input", "forward", "output"].map((hook) => ({
      name: `unserved_${hook}`,
      hook: `filter hook ${hook} priority filter`,
      rules: ["jump unserved"],
    })),
    { name: "unserved", rules: ports.flatMap(({ unserved }) => unserved) },
  ];
  return renderTable(KUBE_PROXY_TABLE, chains);
}

interface ServicePortRules {
  readonly served: readonly string[];
  readonly unserved: readonly string[];
}

function renderServicePort(node: string, servicePort: ServicePort): ServicePortRules {
  const { id, endpoints, externalTrafficPolicy } = servicePort;
  const title = commentText(id);
  const toCluster = `ip daddr ${addressText(servicePort.clusterIp, id)} tcp dport ${portText(servicePort.port, id)}`;
  const toNodePort = servicePort.nodePort === 0 ? undefined : `${TO_NODE} tcp dport ${portText(servicePort.nodePort, id)}`;

  if (endpoints.length === 0) {
    const matches = toNodePort === undefined ? [toCluster] : [toCluster, toNodePort];
    return { served: [], unserved: [title, ...matches.map((match) => `${match} reject`)] };
  }
  const served = [title, `${toCluster} ${dnatToAny(endpoints, id)}`];
  if (toNodePort === undefined) return { served, unserved: [] };

  if (externalTrafficPolicy === "Cluster") {
    return { served: [...served, `${toNodePort} ${MARK} ${dnatToAny(endpoints, id)}`], unserved: [] };
  }
  const own = endpoints.filter((endpoint) => endpoint.node === node);
  // kube-proxy drops rather than rejects here: a load balancer may still be about to learn that this node has no endpoint.
  if (own.length === 0) return { served, unserved: [title, `${toNodePort} drop`] };
  return { served: [...served, `${toNodePort} ${dnatToAny(own, id)}`], unserved: [] };
}
