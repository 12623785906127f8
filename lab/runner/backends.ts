/**
 * The backend pods' processes.
 */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { LabNode } from "../topology.ts";
import type { Lab } from "./lab.ts";

const PROGRAM = fileURLToPath(new URL("../backend.ts", import.meta.url));

/** A Node process starts in a tenth of a second; on a machine that is busy with others it may take many times that. */
const START_TIMEOUT_MS = 20_000;

/**
 * Starts the backend of each node's backend pod. The lab ends them when it goes down; to kill one backend, kill its process.
 *
 * @param nodes - Those whose backend runs; all of the topology by default.
 * @returns When all of them listen: the processes by the name of the node.
 * @throws Error that names the pod whose backend ended or did not listen within 20 s.
 */
export async function startBackends(
  lab: Lab,
  nodes: readonly LabNode[] = lab.topology.nodes,
): Promise<Map<string, ChildProcess>> {
  const started = nodes.map((node) => [node.name, startBackend(lab, node.backend.name)] as const);
  const ready = await Promise.all(started.map(async ([name, child]) => [name, await child] as const));
  return new Map(ready);
}

async function startBackend(lab: Lab, pod: string): Promise<ChildProcess> {
  const child = lab.spawnIn(pod, [process.execPath, PROGRAM, "--name", pod], { stdio: ["ignore", "pipe", "inherit"] });
  const timeout = AbortSignal.timeout(START_TIMEOUT_MS);
  const over = new AbortController();
  const signal = AbortSignal.any([timeout, over.signal]);
  try {
    if (child.stdout === null) throw new Error("has no standard output");
    await Promise.race([
      once(child.stdout, "data", { signal }),
      once(child, "exit", { signal }).then(([code, killedBy]) => {
        throw new Error(`ended with ${code ?? killedBy}`);
      }),
    ]);
  } catch (cause) {
    throw new Error(`lab: the backend in ${pod} does not listen: ${timeout.aborted ? "timed out" : String(cause)}`, { cause });
  } finally {
    over.abort();
    child.stdout?.resume();
  }
  return child;
}
