import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { rmSync, writeFileSync } from "node:fs";
import { API_SERVER_URL, type LabAgent, startAgents } from "./agents.ts";
import { type Cluster, startCluster } from "./cluster/cluster.ts";
import { kubeconfig } from "./cluster/defaults.ts";
import { startBackends } from "./runner/backends.ts";
import { createLab, type Lab } from "./runner/lab.ts";
import type { LabNode, Topology } from "./topology.ts";

/** In the sandbox's own /run, where lab/enter finds it for kubectl. */
const KUBECONFIG = "/run/kubeconfig";

/** A lab that is up: the network, the control plane, a backend and an agent on every node. */
export interface RunningLab {
  readonly topology: Topology;
  readonly network: Lab;
  readonly cluster: Cluster;
  readonly agents: readonly LabAgent[];
  /** Path of the kubeconfig of its API server. */
  readonly kubeconfig: string;
  /** The backend processes that were last started, by the name of their node. */
  readonly backends: ReadonlyMap<string, ChildProcess>;
  /** Kills the backends of these nodes, in the middle of what they do: their ports refuse from then on. */
  killBackends(nodes: readonly LabNode[]): Promise<void>;
  /** Starts those of them again. */
  startBackends(nodes: readonly LabNode[]): Promise<void>;
  /** Starts agents with the lab's flags, on nodes that have none. */
  startAgents(nodes: readonly LabNode[]): Promise<readonly LabAgent[]>;
  /** Ends every process and takes the network away. */
  down(): Promise<void>;
}

export interface LabOptions {
  readonly topology: Topology;
  /** Nodes that get an agent at once; absent: all. */
  readonly agentNodes?: readonly LabNode[];
  /** Settings of all agents, as flags. */
  readonly agentFlags: readonly string[];
  /** Variables that the agents get besides. */
  readonly agentEnv?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** What goes wrong in the control plane where nobody waits for it. */
  readonly onError: (error: Error) => void;
}

/**
 * Brings a lab up: network, control plane, backends, agents.
 *
 * @returns The lab, to be taken down with its `down`; nothing is left of it when this throws.
 */
export async function startLab(options: LabOptions): Promise<RunningLab> {
  const { topology, agentFlags, agentEnv = {}, agentNodes = topology.nodes, signal, onError } = options;
  const network = createLab({ topology, signal });
  let cluster: Cluster | undefined;
  const down = async () => {
    await cluster?.close();
    await network.down();
    rmSync(KUBECONFIG, { force: true });
  };
  try {
    await network.up();
    cluster = await startCluster({ topology, random: Math.random, apply: (wanted) => network.apply(wanted), onError });
    const [backends] = await Promise.all([startBackends(network), cluster.settled()]);
    writeFileSync(KUBECONFIG, kubeconfig(API_SERVER_URL));
    const startOn = (nodes: readonly LabNode[]) =>
      startAgents(nodes, {
        spawnIn: (pod, argv) => network.spawnIn(pod, argv, { stdio: ["ignore", "pipe", "inherit"] }),
        kubeconfig: KUBECONFIG,
        flags: agentFlags,
        env: agentEnv,
      });
    const agents = await startOn(agentNodes);
    return {
      topology,
      network,
      cluster,
      agents,
      kubeconfig: KUBECONFIG,
      backends,
      killBackends: (nodes) => killBackends(backends, nodes),
      async startBackends(nodes) {
        for (const [name, child] of await startBackends(network, nodes)) backends.set(name, child);
      },
      startAgents: startOn,
      down,
    };
  } catch (error) {
    await down();
    throw error;
  }
}

async function killBackends(backends: ReadonlyMap<string, ChildProcess>, nodes: readonly LabNode[]): Promise<void> {
  for (const { name } of nodes) {
    const child = backends.get(name);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) continue;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }
}

/** Lets `use` work with a lab, and takes it down whatever happens. */
export async function withLab<T>(options: LabOptions, use: (lab: RunningLab) => Promise<T>): Promise<T> {
  const lab = await startLab(options);
  try {
    return await use(lab);
  } finally {
    await lab.down();
  }
}
