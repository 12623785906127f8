import type { LabNode } from "../topology.ts";
import type { Change } from "./environment.ts";

/** As the VPC CNI has them: `connmark` of what came in by the first interface, and the preferences of its rules. */
const MARK = "0x80";
const [TO_POD, MARKED, FROM_POD] = [512, 1024, 1536];
const TABLE = 2;
/** The next hop on the second interface: an address that no interface has, only a neighbour entry. */
const GATEWAY = "169.254.1.2";

const macOf = (end: 2 | 3, address: string): string =>
  [2, end, ...address.split(".").map(Number)].map((byte) => byte.toString(16).padStart(2, "0")).join(":");
const linkOf = ({ name }: LabNode): string => `${name}-b`;

/**
 * The agent's pod sends by a second interface of its node. Connections that come in by NodePort are marked on the first, so that their answers
 * leave by it, whichever interface the backend's pod has.
 *
 * @see aws/amazon-vpc-cni-k8s, pkg/networkutils/network.go: rules of preference 512, 1024 and 1536, and chain AWS-CONNMARK-CHAIN.
 */
export function renderSecondary(node: LabNode): readonly Change[] {
  const { name, address, agent, backend } = node;
  const link = linkOf(node);
  const pods = [agent, backend];
  return [
    {
      place: "vpc",
      tool: "ip",
      text: [
        `link add ${link} address ${macOf(3, address)} type veth peer name eth1 netns ${name} address ${macOf(2, address)}`,
        // The kernel's loose source validation passes nothing that comes in by an interface without an address.
        `addr add ${GATEWAY}/32 dev ${link}`,
        `link set ${link} arp off up`,
        "",
      ].join("\n"),
    },
    {
      place: name,
      tool: "ip",
      text: [
        "link set eth1 arp off up",
        `neigh add ${GATEWAY} lladdr ${macOf(3, address)} dev eth1 nud permanent`,
        `route add ${GATEWAY} dev eth1 scope link table ${TABLE}`,
        `route add default via ${GATEWAY} dev eth1 onlink table ${TABLE}`,
        ...pods.map((pod) => `rule add pref ${TO_POD} to ${pod.address}/32 lookup main`),
        `rule add pref ${MARKED} fwmark ${MARK}/${MARK} lookup main`,
        ...pods.map((pod) => `rule add pref ${FROM_POD} from ${pod.address}/32 lookup ${TABLE}`),
        "",
      ].join("\n"),
    },
    {
      place: name,
      tool: "nft",
      text: [
        "table ip connmark {",
        "\tchain prerouting {",
        "\t\ttype filter hook prerouting priority mangle; policy accept;",
        `\t\tiifname "eth0" fib daddr type local ct mark set ct mark or ${MARK}`,
        `\t\tiifname { ${pods.map((pod) => `"${pod.name}"`).join(", ")} } meta mark set ct mark and ${MARK}`,
        "\t}",
        "}",
        "",
      ].join("\n"),
    },
  ];
}

export function renderNoSecondary(node: LabNode): readonly Change[] {
  const { name, agent, backend } = node;
  const pods = [agent, backend];
  const rules = [
    ...pods.map((pod) => `rule del pref ${TO_POD} to ${pod.address}/32 lookup main`),
    `rule del pref ${MARKED} fwmark ${MARK}/${MARK} lookup main`,
    ...pods.map((pod) => `rule del pref ${FROM_POD} from ${pod.address}/32 lookup ${TABLE}`),
    "",
  ].join("\n");
  return [
    { place: name, tool: "nft", text: "table ip connmark\ndelete table ip connmark\n" },
    { place: name, tool: "ip", text: rules },
    { place: "vpc", tool: "ip", text: `link del ${linkOf(node)}\n` },
  ];
}
