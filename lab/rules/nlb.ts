/**
 * All NLBs of the lab, and the VPC's faults, as the nftables ruleset of the VPC's namespace.
 *
 * An NLB is DNAT here: a zonal address and port to one of the registered targets that the address may choose. What AWS does not
 * document (the answer to a port without a listener) is silence in the lab, and so is an address without a target.
 */
import type { Fault, NlbListener } from "../network.ts";
import { type TlsEnd, tlsEnds } from "../nlb/tls-ends.ts";
import { LEG_CIDR, TLS_ADDRESS, VPC_CIDR } from "../topology.ts";
import { addressText, type Chain, commentText, dnatToAny, portText, renderTable } from "./nft.ts";

export const NLB_TABLE = "nlb";

const SYN_ONLY = "tcp flags & (syn | ack) == syn";
/** Resolution of `syn_loss`. */
const LOSS_STEPS = 1000;

/**
 * The ruleset of the VPC's namespace.
 *
 * Faults act before the NLB decides, so that they hit what the client addressed. Connections from the VPC's own namespace reach
 * the NLBs too (the output hooks); only `syn_loss` spares them.
 *
 * @returns Text for `nft -f -`, see {@link renderTable}.
 * @throws RangeError for an address, port or share that is none.
 */
export function renderNlb(network: { readonly listeners: readonly NlbListener[]; readonly faults: readonly Fault[] }): string {
  const { listeners, faults } = network;
  const addresses = listeners.flatMap(({ id, addresses }) => addresses.map(({ address }) => addressText(address, id)));
  const ends = tlsEnds(listeners);
  const passing = listeners.filter(({ tlsTerminated }) => !tlsTerminated);
  const silence = addresses.length === 0 ? [] : [`ip daddr { ${[...new Set(addresses)].sort().join(", ")} } drop`];
  const chains: Chain[] = [
    {
      name: "arriving",
      // After conntrack (-200), which tells new connections, and before dstnat (-100).
      hook: "filter hook prerouting priority mangle",
      rules: [...faults.flatMap(renderLoss), "jump faults"],
    },
    { name: "leaving", hook: "filter hook output priority mangle", rules: ["jump faults"] },
    { name: "faults", rules: faults.flatMap(renderAddressFault) },
    { name: "prerouting", hook: "nat hook prerouting priority dstnat", rules: ["jump listeners"] },
    { name: "output", hook: "nat hook output priority -100", rules: ["jump listeners"] },
    { name: "listeners", rules: [...ends.map(renderTlsEnd), ...passing.flatMap(renderListener), ...silence] },
    {
      name: "postrouting",
      hook: "nat hook postrouting priority srcnat",
      rules: [...(ends.length > 0 ? [LEGS] : []), ...passing.flatMap(renderSourceNat)],
    },
  ];
  return renderTable(NLB_TABLE, chains);
}

/** What an NLB that terminates TLS sends to targets has the address that they are to see, see lab/nlb/tls-listeners.ts. */
const LEGS = `ip saddr ${LEG_CIDR} snat ip prefix to ip saddr map { ${LEG_CIDR} : ${VPC_CIDR} }`;

/** What is addressed to such a listener goes no further than the NLB. */
const renderTlsEnd = ({ address, listenerPort, port }: TlsEnd): string =>
  `ip daddr ${addressText(address, "TLS")} tcp dport ${portText(listenerPort, "TLS")} dnat to ${TLS_ADDRESS}:${port}`;

function renderListener({ id, addresses, port, crossZone, targets }: NlbListener): string[] {
  return addresses.flatMap(({ zone, address }) => {
    const eligible = crossZone ? targets : targets.filter((target) => target.zone === zone);
    const title = commentText(`${id} in ${zone}${eligible.length === 0 ? ": no target to choose, silence" : ""}`);
    const match = `ip daddr ${addressText(address, id)} tcp dport ${portText(port, id)}`;
    return eligible.length === 0 ? [title] : [title, `${match} ${dnatToAny(eligible, id)}`];
  });
}

/**
 * Without client IP preservation the target sees the zonal address. The original destination, which conntrack keeps, tells the
 * connections of one listener from all others after DNAT. Ports are drawn at random: drawn in order they would soon meet the
 * target's memory of the last connection from the same address and port.
 */
function renderSourceNat({ id, addresses, port, preserveClientIp }: NlbListener): string[] {
  if (preserveClientIp) return [];
  return addresses.map(({ address }) => {
    const original = `meta l4proto tcp ct original ip daddr ${addressText(address, id)} ct original proto-dst ${portText(port, id)}`;
    return `${original} snat to ${address} fully-random`;
  });
}

function renderLoss(fault: Fault): string[] {
  if (fault.kind !== "syn_loss") return [];
  if (!(fault.share >= 0 && fault.share <= 1)) throw new RangeError(`syn_loss: got share ${fault.share}, expected 0 to 1`);
  const lost = Math.round(fault.share * LOSS_STEPS);
  // What comes in by `lo` was sent by this namespace itself. nft refuses a comparison that is never true.
  return lost === 0 ? [] : [`iifname != "lo" ${SYN_ONLY} numgen random mod ${LOSS_STEPS} < ${lost} drop`];
}

const ANSWERS = {
  silent_drop: "drop",
  refuse: "meta l4proto tcp reject with tcp reset",
  icmp_unreachable: "reject with icmp host-unreachable",
} as const;

function renderAddressFault(fault: Fault): string[] {
  if (fault.kind === "syn_loss") return [];
  const match = `ip daddr ${addressText(fault.address, fault.kind)} ct state new`;
  return [`${match} ${ANSWERS[fault.kind]}`];
}
