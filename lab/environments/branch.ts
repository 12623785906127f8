import { DNS_ADDRESS, type LabNode } from "../topology.ts";
import type { Change } from "./environment.ts";

/** The table that only the branch interface and its pod look into, before all others. */
const [TABLE, PREFERENCE] = [101, 10];
/** The next hop at both ends of the branch: addresses that lead nowhere else. */
const [GATEWAY, POD_SIDE] = ["169.254.1.3", "169.254.1.4"];
const BRANCH = "branch";

const macOf = (end: 4 | 5, address: string): string =>
  [2, end, ...address.split(".").map(Number)].map((byte) => byte.toString(16).padStart(2, "0")).join(":");
const linkOf = ({ name }: LabNode): string => `${name}-c`;
const RULES = ({ agent }: LabNode, verb: "add" | "del"): readonly string[] =>
  [BRANCH, agent.name].map((device) => `rule ${verb} pref ${PREFERENCE} iif ${device} lookup ${TABLE}`);

/**
 * The agent's pod gets a branch interface in strict mode: what it sends leaves by that interface, and what is sent to it comes in by it, also from its
 * own node, which has no other way to it. So an answer of the node's own leaves for the VPC, and comes back by way of the NLB.
 *
 * @see aws/amazon-vpc-cni-k8s, POD_SECURITY_GROUP_ENFORCING_MODE=strict: rules of preference 10 for what comes in by a pod's VLAN or from the pod.
 */
export function renderBranch(node: LabNode): readonly Change[] {
  const { name, address, agent } = node;
  const link = linkOf(node);
  return [
    {
      place: "vpc",
      tool: "ip",
      text: [
        `link add ${link} address ${macOf(5, address)} type veth peer name ${BRANCH} netns ${name} address ${macOf(4, address)}`,
        // The kernel's loose source validation passes nothing that comes in by an interface without an address.
        `addr add ${GATEWAY}/32 dev ${link}`,
        `link set ${link} arp off up`,
        `neigh add ${POD_SIDE} lladdr ${macOf(4, address)} dev ${link} nud permanent`,
        "",
      ].join("\n"),
    },
    {
      place: name,
      tool: "ip",
      text: [
        `addr add ${POD_SIDE}/32 dev ${BRANCH}`,
        `link set ${BRANCH} arp off up`,
        `neigh add ${GATEWAY} lladdr ${macOf(5, address)} dev ${BRANCH} nud permanent`,
        `route add ${agent.address}/32 dev ${agent.name} table ${TABLE}`,
        `route add default via ${GATEWAY} dev ${BRANCH} onlink table ${TABLE}`,
        ...RULES(node, "add"),
        `route del ${agent.address}/32 dev ${agent.name}`,
        "",
      ].join("\n"),
    },
    {
      place: "vpc",
      tool: "ip",
      text: `route replace ${agent.address}/32 via ${POD_SIDE} dev ${link} onlink src ${DNS_ADDRESS}\n`,
    },
  ];
}

export function renderNoBranch(node: LabNode): readonly Change[] {
  const { name, address, agent } = node;
  return [
    { place: "vpc", tool: "ip", text: `route replace ${agent.address}/32 via ${address} dev ${name} src ${DNS_ADDRESS}\n` },
    {
      place: name,
      tool: "ip",
      text: [`route add ${agent.address}/32 dev ${agent.name}`, ...RULES(node, "del"), `route flush table ${TABLE}`, ""].join(
        "\n",
      ),
    },
    { place: "vpc", tool: "ip", text: `link del ${linkOf(node)}\n` },
  ];
}
