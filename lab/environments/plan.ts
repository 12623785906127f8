import { type LabNode, METRICS_PORT, type Topology, VPC_CIDR } from "../topology.ts";
import { renderBranch, renderNoBranch } from "./branch.ts";
import { DELAY_DEVICE, renderDelay, renderNoDelay } from "./delay.ts";
import type { Change, Environment, EnvironmentPlan, Program, Setting } from "./environment.ts";
import { renderNoSecondary, renderSecondary } from "./secondary.ts";

/** Where the agent connects to besides frontends. */
export interface Destination {
  readonly address: string;
  readonly port: number;
}

/** The sidecar's own connections leave from these ports; a real one has a user of its own. */
const SIDECAR_PORTS = { first: 20_000, last: 29_999 } as const;
const SIDECAR_FIRST_LISTENER = 15_001;
/** The ports that Linux connects from (ip_local_port_range), as the policy of chart and manifests has them. */
const LOCAL_PORTS = "32768-60999";

const NOTHING: EnvironmentPlan = { changes: [], settings: [], programs: [], undo: [], settingsBefore: [] };

/**
 * What makes an environment, and what takes it back.
 *
 * @param destinations - What the agents connect to: a sidecar has to know where a connection was meant to go.
 */
export function planEnvironment(
  environment: Environment,
  topology: Topology,
  destinations: readonly Destination[],
): EnvironmentPlan {
  const { nodes } = topology;
  const inPods = (ruleset: string): readonly Change[] =>
    nodes.map(({ agent }) => ({ place: agent.name, tool: "nft", text: ruleset }));
  const onNodes = (render: (node: LabNode) => string, tool: Change["tool"]): readonly Change[] =>
    nodes.map((node) => ({ place: node.name, tool, text: render(node) }));

  switch (environment.kind) {
    case "mesh": {
      const routes = destinations.map((destination, i) => ({ destination, listener: SIDECAR_FIRST_LISTENER + i }));
      const told = routes.map(({ destination: { address, port }, listener }) => `${listener}=${address}:${port}`).join(",");
      return {
        ...NOTHING,
        programs: nodes.map(({ agent }): Program => ({ place: agent.name, name: "sidecar.ts", args: [told] })),
        changes: inPods(renderRedirection(routes)),
        undo: inPods(noTable("ip", "sidecar")),
      };
    }
    case "invalid_drop":
      return {
        ...NOTHING,
        changes: inPods(
          "table inet firewall {\n\tchain input {\n\t\ttype filter hook input priority filter; policy accept;\n\t\tct state invalid drop\n\t}\n}\n",
        ),
        undo: inPods(noTable("inet", "firewall")),
      };
    case "strict_rp_filter": {
      // The kernel takes the higher of `all` and the interface's own, which is 0.
      const filter = (value: number): readonly Setting[] =>
        nodes.map(({ name }) => ({ place: name, path: "net/ipv4/conf/all/rp_filter", value }));
      return { ...NOTHING, settings: filter(1), settingsBefore: filter(2) };
    }
    case "policy":
      return {
        ...NOTHING,
        changes: onNodes((node) => renderPolicy(node, environment.letsStrayAnswersIn), "nft"),
        undo: onNodes(() => noTable("netdev", "pod_policy"), "nft"),
      };
    case "scanner": {
      const targets = nodes.map(({ agent }) => agent.address).join(",");
      return { ...NOTHING, programs: [{ place: "vpc", name: "scanner.ts", args: [targets, String(environment.perSecond)] }] };
    }
    case "branch_eni":
      return { ...NOTHING, changes: nodes.flatMap(renderBranch), undo: nodes.flatMap(renderNoBranch) };
    case "rtt":
      return {
        ...NOTHING,
        programs: nodes.map(
          ({ name }): Program => ({ place: name, name: "delay.py", args: [DELAY_DEVICE, String(environment.ms)] }),
        ),
        changes: onNodes(renderDelay, "ip"),
        undo: onNodes(renderNoDelay, "ip"),
      };
    case "secondary_eni":
      return { ...NOTHING, changes: nodes.flatMap(renderSecondary), undo: nodes.flatMap(renderNoSecondary) };
  }
}

/** Text for `nft -f -` that removes a table, there or not. */
const noTable = (family: string, name: string): string => `table ${family} ${name}\ndelete table ${family} ${name}\n`;

/** As istio-init and linkerd-init have it: what leaves the pod and is not the proxy's own goes to the proxy. */
function renderRedirection(routes: readonly { readonly destination: Destination; readonly listener: number }[]): string {
  return [
    "table ip sidecar {",
    "\tchain output {",
    "\t\ttype nat hook output priority -100; policy accept;",
    '\t\toifname "lo" return',
    `\t\ttcp sport ${SIDECAR_PORTS.first}-${SIDECAR_PORTS.last} return`,
    ...routes.map(
      ({ destination: { address, port }, listener }) => `\t\tip daddr ${address} tcp dport ${port} redirect to :${listener}`,
    ),
    "\t}",
    "}",
    "",
  ].join("\n");
}

/**
 * As the VPC CNI's policy agent decides, in eBPF on the pod's interface: by the five values of a flow, whichever flags a packet has. What
 * answers to what the pod sent is let in, and what a rule allows; the node's own address always.
 *
 * @see aws/aws-network-policy-agent, pkg/ebpf/c/tc.v4ingress.bpf.c.
 */
function renderPolicy({ address, agent }: LabNode, letsStrayAnswersIn: boolean): string {
  const allowed = [
    `ip saddr ${address} accept`,
    `tcp dport ${METRICS_PORT} accept`,
    ...(letsStrayAnswersIn ? [`ip saddr ${VPC_CIDR} tcp dport ${LOCAL_PORTS} accept`] : []),
  ];
  return [
    "table netdev pod_policy {",
    "\tset sent_flows {",
    "\t\ttype ipv4_addr . inet_service . ipv4_addr . inet_service",
    "\t\tflags dynamic, timeout",
    "\t\ttimeout 60s",
    "\t}",
    "\tchain sent {",
    `\t\ttype filter hook ingress device "${agent.name}" priority 0; policy accept;`,
    "\t\tmeta l4proto tcp update @sent_flows { ip saddr . tcp sport . ip daddr . tcp dport }",
    "\t}",
    "\tchain received {",
    `\t\ttype filter hook egress device "${agent.name}" priority 0; policy accept;`,
    "\t\tmeta l4proto != tcp accept",
    "\t\tip daddr . tcp dport . ip saddr . tcp sport @sent_flows accept",
    ...allowed.map((rule) => `\t\t${rule}`),
    "\t\tdrop",
    "\t}",
    "}",
    "",
  ].join("\n");
}
