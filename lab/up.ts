import { once } from "node:events";
import { WEB } from "./cluster/defaults.ts";
import type { Screen } from "./observe/live.ts";
import type { Paint } from "./observe/table.ts";
import type { RunningLab } from "./running-lab.ts";

const PREFIX = "service.beta.kubernetes.io/aws-load-balancer-";

export interface UpOptions {
  readonly lab: RunningLab;
  readonly screen: Screen;
  readonly paint: Paint;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/** Prints how to use the lab, and keeps it up until it is told to end. */
export async function runUp({ lab, screen, paint, signal }: UpOptions): Promise<void> {
  screen.write(`${renderGuide(lab, paint)}\n`);
  if (!signal.aborted) await once(signal, "abort");
  screen.write("\ntaking the lab down\n");
}

/** What a person needs to know to find the fault by hand, and to cure it. */
function renderGuide(lab: RunningLab, paint: Paint): string {
  const hostname = lab.cluster.hostname(WEB.namespace, WEB.name) ?? "";
  const [first] = lab.topology.nodes;
  const agent = first?.agent.name ?? "";
  const annotate = (name: string, value: string) =>
    `lab/enter vpc kubectl --kubeconfig ${lab.kubeconfigPath} annotate --overwrite -n ${WEB.namespace} service ${WEB.name} ${PREFIX}${name}=${value}`;
  const patch = (spec: object) =>
    `lab/enter vpc kubectl --kubeconfig ${lab.kubeconfigPath} patch -n ${WEB.namespace} service ${WEB.name} --type merge -p '${JSON.stringify({ spec })}'`;
  return [
    paint("bold", "The lab is up. In another terminal, from this directory:"),
    "",
    ...lab.topology.nodes.map(
      ({ name, zone, agent: pod, backend }) =>
        `  ${name.padEnd(8)} ${zone}   pods ${pod.name} (the agent), ${backend.name} (a backend)`,
    ),
    "",
    paint("bold", "See the fault by hand: a share of these never connects, and on another zone's address none fails"),
    `  lab/enter ${agent} curl -sS -m 3 http://${hostname}/`,
    ...lab.topology.zones.map(
      ({ name }) => `  lab/enter ${agent} sh -c 'for i in 1 2 3 4 5 6 7 8; do curl -sS -m 3 http://${name}.${hostname}/; done'`,
    ),
    "",
    paint("bold", "See the packets: the SYN-ACK comes from the node, and the pod resets it"),
    `  lab/enter ${agent} tcpdump -n -i any tcp`,
    "",
    paint("bold", "Read what the agents say"),
    ...lab.agents.map(
      ({ node, metricsUrl }) => `  lab/enter vpc curl -s ${metricsUrl} | grep -E 'attempts|timeout'    # ${node.name}`,
    ),
    "",
    paint("bold", "Apply a fix, and take it back"),
    `  ${annotate("target-group-attributes", "preserve_client_ip.enabled=false")}`,
    `  ${annotate("target-group-attributes", "preserve_client_ip.enabled=true")}`,
    `  ${annotate("nlb-target-type", "ip")}`,
    "",
    paint("bold", "What only changes the share"),
    `  ${annotate("attributes", "load_balancing.cross_zone.enabled=true")}`,
    `  ${patch({ externalTrafficPolicy: "Local" })}`,
    "",
    "End it with Ctrl-C.",
  ].join("\n");
}
