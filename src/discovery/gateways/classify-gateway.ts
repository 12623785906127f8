import { type Classification, classify, skipped } from "../rules/classify.ts";
import type { DescribedGateway } from "./gateway.ts";

/** Decides whether a Gateway is an internal NLB that can be probed. */
export function classifyGateway(described: DescribedGateway, defaultPath: string): Classification {
  const { gateway, loadBalancer, said } = described;
  const { annotations, oversized } = gateway;
  return classify(
    {
      annotations,
      oversized,
      ports: loadBalancer.ports.filter(({ transport }) => transport === "TCP"),
      said: (port) => said.get(port),
      portless: portlessOf(described),
      pending: "Its status has no hostname yet: the NLB is being made, or cannot be.",
    },
    loadBalancer,
    defaultPath,
  );
}

/** The controller makes a listener of the NLB only where a route gives it a backend. */
function portlessOf({ gateway, loadBalancer: { ports, hasUnseenPorts } }: DescribedGateway): Classification {
  if (hasUnseenPorts === true)
    return skipped("no_route", "It may have listeners of ListenerSets, which are not read, and has none of its own.");
  if (ports.length > 0) return skipped("no_tcp_port", `None of its ${ports.length} listeners with a backend is for TCP or TLS.`);
  return skipped("no_route", `None of its ${gateway.listeners.length} listeners has a route with a backend that may be read.`);
}
