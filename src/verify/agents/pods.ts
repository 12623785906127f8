import { type ReadOptions, readAgents } from "./pages.ts";
import { type AgentSource, READ_EVERY_MS } from "./reading.ts";

/** An agent's pod, as far as it takes to ask it. */
export interface AgentPod {
  readonly node: string;
  readonly name: string;
  readonly port: number;
}

/** Who can be asked for pods and their pages: the API server. Both reject with UnreadableError where no agent can be read that way. */
export interface PodAccess {
  /** One pod a node, as they are now. */
  list(): Promise<readonly AgentPod[]>;
  page(pod: AgentPod, signal: AbortSignal): Promise<string>;
  close(): Promise<void>;
}

/** Requests that the API server has of us at a time. */
const AT_A_TIME = 16;
/** Requests a second on average: an API server has others to serve, and each of these is a connection to a node for it. */
const PER_SECOND = 25;
/** The way is longer than to an address: two connections, and often a VPN. */
const TIMEOUT_MS = 10_000;

/** Agents that are asked through the API server. They are found anew for each reading: a rollout replaces them. */
export function agentsInPods(access: PodAccess, options: Pick<ReadOptions, "service" | "nowMs" | "signal">): AgentSource {
  let requests = 0;
  return {
    async read() {
      const pods = await access.list();
      requests = pods.length + 1;
      const agents = pods.map((pod) => ({
        key: pod.node,
        name: `${pod.name} on ${pod.node}`,
        page: (signal: AbortSignal) => access.page(pod, signal),
      }));
      return readAgents(agents, { ...options, atATime: AT_A_TIME, timeoutMs: TIMEOUT_MS });
    },
    readEveryMs: () => Math.max(READ_EVERY_MS, (requests / PER_SECOND) * 1000),
    close: () => access.close(),
  };
}
