import { PROGRAM } from "./program.ts";
import type { RunningLab } from "./running-lab.ts";
import type { LabNode } from "./topology.ts";

/** How a command of the tool ended. */
export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs `hairpin-probe check` in the agent's pod of a node, as `kubectl exec` would, and waits for it.
 *
 * @param options.interrupt - When it is fulfilled, the command is interrupted as by Ctrl-C.
 */
export function runCheckIn(
  lab: RunningLab,
  node: LabNode,
  args: readonly string[],
  { interrupt }: { readonly interrupt?: Promise<void> } = {},
): Promise<Finished> {
  const settings = ["--node-name", node.name, "--kubeconfig", lab.kubeconfig, "--agents-service", "hairpin-probe/hairpin-probe"];
  const child = lab.network.spawnIn(node.agent.name, [process.execPath, PROGRAM, "check", ...args, ...settings], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    interrupt?.then(() => child.kill("SIGINT"), reject);
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, stdout, stderr }));
  });
}
