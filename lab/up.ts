import { once } from "node:events";
import type { Paint } from "../src/terminal/text.ts";
import { WEB } from "./cluster/defaults.ts";
import type { Screen } from "./observe/live.ts";
import type { RunningLab } from "./running-lab.ts";

const PREFIX = "service.beta.kubernetes.io/aws-load-balancer";

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

/** What a person needs to know to find the fault by hand, and to cure it. At most 120 columns. */
function renderGuide(lab: RunningLab, paint: Paint): string {
  const agent = lab.topology.nodes[0]?.agent.name ?? "";
  const annotate = (name: string, value: string) =>
    `  lab/enter vpc kubectl annotate --overwrite -n shop svc web $LB-${name}=${value}`;
  const attributes = "target-group-attributes";
  const curls = (host: string) => `  lab/enter ${agent} sh -c "for i in 1 2 3 4 5 6 7 8; do curl -sS -m 3 http://${host}/; done"`;
  return [
    paint("bold", "The lab is up."),
    ...lab.topology.nodes.map(
      ({ name, zone, agent: pod, backend }) =>
        `  ${name.padEnd(8)} ${zone}   pods ${pod.name} (an agent), ${backend.name} (a backend)`,
    ),
    "",
    paint("bold", "In another terminal, from this directory"),
    `  NLB=${lab.cluster.hostname(WEB.namespace, WEB.name) ?? ""}`,
    `  LB=${PREFIX}`,
    "",
    paint("bold", "See the fault by hand: on the address of the pod's own zone a share never connects, on another's none fails"),
    ...lab.topology.zones.map(({ name }) => curls(`${name}.$NLB`)),
    "",
    paint("bold", "See the packets: the SYN-ACK comes from the node itself, and the pod resets it"),
    `  lab/enter ${agent} tcpdump -n -i any tcp`,
    "",
    paint("bold", "Read what the agents say"),
    ...lab.agents.map(
      ({ node, metricsUrl }) => `  lab/enter vpc curl -s ${metricsUrl} | grep -E 'attempts|timeout'    # ${node.name}`,
    ),
    "",
    paint("bold", "Read what they make of it, and ask one node for it now"),
    `  lab/enter vpc curl -s ${lab.agents[0]?.metricsUrl.replace("metrics", "api/v1/status") ?? ""}`,
    `  lab/enter ${agent} node_modules/.bin/node src/cli/main.ts check shop/web \\`,
    `    --node-name ${lab.topology.nodes[0]?.name ?? ""} --agents-service hairpin-probe/hairpin-probe`,
    "",
    paint("bold", "Apply a fix, and take it back"),
    annotate(attributes, "preserve_client_ip.enabled=false"),
    annotate(attributes, "preserve_client_ip.enabled=true"),
    annotate("nlb-target-type", "ip"),
    annotate("nlb-target-type", "instance"),
    "",
    paint("bold", "Change the share only"),
    annotate("attributes", "load_balancing.cross_zone.enabled=true"),
    `  lab/enter vpc kubectl patch -n shop svc web -p '{"spec":{"externalTrafficPolicy":"Local"}}'`,
    "",
    "Ctrl-C takes it down.",
  ].join("\n");
}
