/**
 * Kernel settings of the lab's namespaces, as data: path under /proc/sys and value. Each namespace has its own copy of all of
 * them (Documentation/networking/ip-sysctl.rst and nf_conntrack-sysctl.rst in the kernel's tree).
 */
import type { LabNode } from "../topology.ts";

export type Sysctls = Readonly<Record<string, number>>;

/** Bursts of connections queue instead of losing their SYN, which would look like packet loss (1 s connects). */
const LARGE_BACKLOG: Sysctls = { "net/core/somaxconn": 4096, "net/ipv4/tcp_max_syn_backlog": 4096 };

/**
 * Forwarding. Every packet that is rejected is answered: by default the kernel limits its ICMP errors to about one a second
 * and peer, and the rest of a burst would look like a silent drop (the mask holds the kinds that are limited).
 *
 * Source validation is loose (2), as the VPC CNI sets it on a node's eth0: the SYN of a hairpin comes back from
 * the VPC with the address of a local pod, and strict validation would drop it before kube-proxy sees it. The kernel takes the
 * higher of `all` and the interface's own.
 */
const ROUTER: Sysctls = { "net/ipv4/ip_forward": 1, "net/ipv4/icmp_ratemask": 0, "net/ipv4/conf/all/rp_filter": 2 };

/**
 * A packet to an NLB and back leaves the VPC by the interface it came in by, and the kernel would send an ICMP redirect. It does
 * unless both `all` and the interface say no.
 */
const noRedirects = (interfaces: readonly string[]): Sysctls =>
  Object.fromEntries(["all", ...interfaces].map((name) => [`net/ipv4/conf/${name}/send_redirects`, 0]));

/**
 * No IPv6, whose router solicitations and neighbour discovery would stand in captures that are read packet by packet. `all`
 * holds for the interfaces that are there, `default` for those to come.
 */
const noIpv6 = (which: "all" | "default"): Sysctls => ({ [`net/ipv6/conf/${which}/disable_ipv6`]: 1 });

/** To be set before any interface is made. The VPC's `lo` keeps IPv6: the namespace was there before the lab. */
export const VPC_SYSCTLS: Sysctls = { ...noIpv6("default"), ...ROUTER, ...noRedirects(["default"]), ...LARGE_BACKLOG };

/** To be set once the pod's interface is made, and before it is up. */
export const POD_SYSCTLS: Sysctls = { ...noIpv6("all"), ...LARGE_BACKLOG };

/** To be set once the node's interfaces are made, and before they are up. */
export const nodeSysctls = (node: LabNode): Sysctls => ({
  ...noIpv6("all"),
  ...ROUTER,
  ...noRedirects(["eth0", node.agent.name, node.backend.name]),
});

/** For so long an unanswered connection is remembered: longer than the default timeout of an attempt, within which its SYN is sent again. */
export const SYN_SENT_SECONDS = 4;

/**
 * Where NAT happens. A client that reuses a source port meets the mapping of that port's last connection for as long as
 * conntrack holds an unanswered one (120 s by default): an old choice of target, made under old rules. A small lab comes round
 * to the same port much sooner than a VPC does. The price: of SYNs more than 4 s apart each is sent to a target of its own.
 *
 * Exists only once the kernel has loaded conntrack, which the first ruleset makes it do.
 */
export const CONNTRACK_SYSCTLS: Sysctls = { "net/netfilter/nf_conntrack_tcp_timeout_syn_sent": SYN_SENT_SECONDS };
