/**
 * The lab's network as one object: makes the namespaces, applies rulesets, starts processes in pods, and takes it all down.
 */
import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { forEachBounded } from "../../src/domain/for-each-bounded.ts";
import type { Network } from "../network.ts";
import { tlsEnds } from "../nlb/tls-ends.ts";
import { TlsListeners } from "../nlb/tls-listeners.ts";
import { renderKubeProxy } from "../rules/kube-proxy.ts";
import {
  namespaceNames,
  renderNamespaces,
  renderNodeLinks,
  renderPodLinks,
  renderVpcLinks,
  renderVpcTeardown,
  vpcInterfaces,
} from "../rules/links.ts";
import { renderNoTable } from "../rules/nft.ts";
import { NLB_TABLE, renderNlb } from "../rules/nlb.ts";
import { CONNTRACK_SYSCTLS, nodeSysctls, POD_SYSCTLS, type Sysctls, VPC_SYSCTLS } from "../rules/sysctls.ts";
import type { Topology } from "../topology.ts";
import { Children } from "./children.ts";
import { claimSandbox, namespacePath, presentInterfaces, presentNamespaces } from "./claim.ts";
import { type Exec, execTool } from "./exec.ts";

/** The name of the lab's own network namespace, where the NLBs, the DNS and the API server are. */
export const VPC = "vpc";

const EMPTY: Network = { servicePorts: [], listeners: [], faults: [] };

/** Tools at work at the same time. */
const PARALLEL = 4;

export interface LabOptions {
  readonly topology: Topology;
  /** Stops `up` and `apply`; `down` is not stopped by it. */
  readonly signal?: AbortSignal;
  readonly exec?: Exec;
}

export interface Lab {
  readonly topology: Topology;
  /** What `spawnIn` started and has not ended. */
  readonly running: ReadonlySet<ChildProcess>;
  up(): Promise<void>;
  apply(network: Network): Promise<readonly string[]>;
  spawnIn(place: string, argv: readonly string[], options?: SpawnOptions): ChildProcess;
  down(): Promise<void>;
}

/** A lab that is not up yet. Call `down` in a `finally`, whether or not `up` succeeded. */
export function createLab({ topology, signal, exec = execTool }: LabOptions): Lab {
  const children = new Children();
  const tls = new TlsListeners();
  const names = namespaceNames(topology);
  /** The ruleset that each namespace has, so that only what changed is replaced. */
  const rulesets = new Map<string, string>();
  let release: (() => void) | undefined;
  let applying = false;

  const enter = (place: string): string[] => {
    if (place === VPC) return [];
    if (!names.includes(place)) {
      throw new RangeError(`lab: got namespace ${JSON.stringify(place)}, expected ${VPC} or one of ${names.join(", ")}`);
    }
    // Not `ip netns exec`: it mounts a new /sys, which a user namespace inside a container may not.
    return ["nsenter", `--net=${namespacePath(place)}`, "--"];
  };
  const configure = (place: string, sysctls: Sysctls, batch: string) =>
    exec([...enter(place), ...sysctlsThen("ip", "-batch", "-"), ...assignments(sysctls)], batch, signal);
  const load = (place: string, ruleset: string) => exec([...enter(place), "nft", "-f", "-"], ruleset, signal);

  /**
   * Replaces the rulesets that differ from what their namespaces have: nodes first, so that the NLB never sends to a node port
   * that is not there yet.
   *
   * @returns The namespaces whose ruleset was replaced. New connections obey at once; open ones keep their mapping.
   * @throws ToolError, with the rulesets that were not replaced left as they were; calling again tries those again.
   */
  async function apply(network: Network): Promise<readonly string[]> {
    if (release === undefined) throw new Error("lab: apply before up");
    if (applying) throw new Error("lab: apply while another one is running; wait for it");
    const replaced: string[] = [];
    const replace = async (place: string, ruleset: string) => {
      if (rulesets.get(place) === ruleset) return;
      await load(place, ruleset);
      rulesets.set(place, ruleset);
      replaced.push(place);
    };
    // Rendered before anything is replaced: a network that cannot be rendered changes nothing.
    const vpc = renderNlb(network);
    const nodes = topology.nodes.map((node) => [node.name, renderKubeProxy(node, network.servicePorts)] as const);
    applying = true;
    try {
      await forEachBounded(nodes, PARALLEL, ([name, ruleset]) => replace(name, ruleset));
      await tls.serve(tlsEnds(network.listeners));
      await replace(VPC, vpc);
    } finally {
      applying = false;
    }
    return replaced;
  }

  return {
    topology,
    get running() {
      return children.running;
    },
    apply,

    /**
     * Makes the network, with rulesets that serve nothing.
     *
     * @throws Error if this is no sandbox or another lab has it; ToolError if the kernel refuses something.
     */
    async up() {
      if (release !== undefined) throw new Error("lab: up twice");
      release = claimSandbox(names);
      await exec(["ip", "-batch", "-"], renderNamespaces(topology), signal);
      await configure(VPC, VPC_SYSCTLS, renderVpcLinks(topology));
      const inside = [
        ...topology.nodes.map((node) => [node.name, nodeSysctls(node), renderNodeLinks(node)] as const),
        ...topology.nodes.flatMap(({ agent, backend }) =>
          [agent, backend].map((pod) => [pod.name, POD_SYSCTLS, renderPodLinks(pod)] as const),
        ),
      ];
      await forEachBounded(inside, PARALLEL, ([name, sysctls, batch]) => configure(name, sysctls, batch));
      await apply(EMPTY);
      await forEachBounded([VPC, ...topology.nodes.map(({ name }) => name)], PARALLEL, (place) =>
        exec([...enter(place), ...sysctlsThen("true"), ...assignments(CONNTRACK_SYSCTLS)], "", signal),
      );
    },

    /**
     * Starts a process in the network namespace of a pod or a node, or in the VPC's. It shares everything else with this one.
     *
     * @returns As child_process.spawn: a program that cannot be started says so by an `error` event, or by exit code 127
     *   outside of the VPC.
     */
    spawnIn(place, argv, options = {}) {
      const [command = "", ...args] = [...enter(place), ...argv];
      const child = spawn(command, args, options);
      children.add(child);
      return child;
    },

    /** Ends every process of `spawnIn`, then removes the network. Safe to repeat, and after an `up` that failed half-way. */
    async down() {
      await children.stop();
      await tls.close();
      if (release === undefined) return;
      const [interfaces, namespaces] = [new Set(presentInterfaces()), new Set(presentNamespaces())];
      const batch = renderVpcTeardown(
        vpcInterfaces(topology).filter((name) => interfaces.has(name)),
        names.filter((name) => namespaces.has(name)),
      );
      await exec(["ip", "-batch", "-"], batch);
      await exec(["nft", "-f", "-"], renderNoTable(NLB_TABLE));
      rulesets.clear();
      release();
      release = undefined;
    },
  };
}

/** A command line that writes the settings given as `PATH=VALUE` after it to /proc/sys, and then becomes `command`. */
const sysctlsThen = (...command: readonly string[]): string[] => [
  "sh",
  "-ec",
  `for setting; do echo "\${setting#*=}" >"/proc/sys/\${setting%%=*}"; done; exec ${command.join(" ")}`,
  "sh",
];

const assignments = (sysctls: Sysctls): string[] => Object.entries(sysctls).map(([path, value]) => `${path}=${value}`);
