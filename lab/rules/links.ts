/**
 * The lab's interfaces, addresses, routes and neighbours, as text for `ip -batch` (ip(8)).
 *
 * The VPC is the namespace of the lab's own processes; each node and each pod has one of its own. Pod to node and node to VPC
 * are veth pairs, routed as the VPC CNI routes a pod: the address is a /32, and everything goes to a link-local gateway that no
 * interface has, only a neighbour entry.
 *
 * Nothing ever asks for a neighbour: ARP is off, addresses of interfaces are fixed, entries permanent. Resolution takes up to a
 * second here and there, also after a minute of silence, and would look like packet loss.
 */
import {
  API_SERVER_ADDRESS,
  DNS_ADDRESS,
  type LabNode,
  type LabPod,
  LEG_CIDR,
  TLS_ADDRESS,
  type Topology,
  VPC_CIDR,
} from "../topology.ts";

/** The next hop of every pod and node, as in the VPC CNI's pods. */
const GATEWAY = "169.254.1.1";

/** What no route of the VPC takes ends at this interface without a word: its peer drops frames that are not addressed to it. */
const VOID = "void";

type End = "own" | "gateway";

/** A locally administered address that shows whose end of which link it is: `02:00` (own) or `02:01` (gateway), then the IPv4. */
function mac(end: End, address: string): string {
  const bytes = [2, end === "own" ? 0 : 1, ...address.split(".").map(Number)];
  return bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(":");
}

const lines = (...parts: readonly string[]): string => `${parts.join("\n")}\n`;

/** The names of all namespaces but the VPC's: nodes first, then pods, in the order of the topology. */
export function namespaceNames({ nodes }: Topology): string[] {
  return [...nodes.map(({ name }) => name), ...nodes.flatMap(({ agent, backend }) => [agent.name, backend.name])];
}

/** The names of the interfaces that the lab makes in the VPC's namespace. Deleting them deletes their peers. */
export const vpcInterfaces = ({ nodes }: Topology): string[] => [VOID, ...nodes.map(({ name }) => name)];

/** Makes the namespaces. */
export const renderNamespaces = (topology: Topology): string =>
  lines(...namespaceNames(topology).map((name) => `netns add ${name}`));

/** For the VPC's namespace: makes every link of the lab and sets up the VPC's own ends. */
export function renderVpcLinks({ nodes }: Topology): string {
  return lines(
    ...[DNS_ADDRESS, API_SERVER_ADDRESS].map((address) => `addr add ${address}/32 dev lo`),
    `addr add ${TLS_ADDRESS}/${LEG_CIDR.split("/")[1]} dev lo`,
    `link add ${VOID} type veth peer name ${VOID}-peer`,
    `link set ${VOID}-peer up`,
    `link set ${VOID} arp off up`,
    `route add default dev ${VOID} src ${DNS_ADDRESS}`,
    ...nodes.flatMap((node) => [
      veth(node.name, undefined, node.name, node.address),
      ...[node.agent, node.backend].map((pod) => veth(pod.name, node.name, pod.name, pod.address)),
      ...gatewayEnd(node.name, node.address, ` src ${DNS_ADDRESS}`),
      ...[node.agent, node.backend].map(
        (pod) => `route add ${pod.address}/32 via ${node.address} dev ${node.name} src ${DNS_ADDRESS}`,
      ),
    ]),
  );
}

/** For a node's namespace, once its links are made. */
export const renderNodeLinks = (node: LabNode): string =>
  lines(...ownEnd(node.address), ...[node.agent, node.backend].flatMap((pod) => gatewayEnd(pod.name, pod.address, "")));

/** For a pod's namespace, once its link is made. */
export const renderPodLinks = (pod: LabPod): string => lines(...ownEnd(pod.address));

/** Undoes the VPC's part. The addresses go by range, so that it works also where none are left. */
export const renderVpcTeardown = (interfaces: readonly string[], namespaces: readonly string[]): string =>
  lines(
    ...interfaces.map((name) => `link del ${name}`),
    ...namespaces.map((name) => `netns del ${name}`),
    `addr flush dev lo to ${VPC_CIDR}`,
    `addr flush dev lo to ${LEG_CIDR}`,
  );

/** A pair whose one end is `eth0` of `owner`, the other named `name` and in `gatewayNamespace` (the VPC's if undefined). */
function veth(name: string, gatewayNamespace: string | undefined, owner: string, address: string): string {
  const place = gatewayNamespace === undefined ? "" : ` netns ${gatewayNamespace}`;
  return `link add ${name}${place} address ${mac("gateway", address)} type veth peer name eth0 netns ${owner} address ${mac("own", address)}`;
}

function ownEnd(address: string): string[] {
  return [
    "link set lo up",
    "link set eth0 arp off up",
    `addr add ${address}/32 dev eth0`,
    `neigh add ${GATEWAY} lladdr ${mac("gateway", address)} dev eth0 nud permanent`,
    `route add ${GATEWAY} dev eth0 scope link`,
    `route add default via ${GATEWAY} dev eth0`,
  ];
}

function gatewayEnd(device: string, address: string, routeOptions: string): string[] {
  return [
    `link set ${device} arp off up`,
    `neigh add ${address} lladdr ${mac("own", address)} dev ${device} nud permanent`,
    `route add ${address}/32 dev ${device}${routeOptions}`,
  ];
}
