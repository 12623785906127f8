import { spawn } from "node:child_process";
import { once } from "node:events";
import { PROGRAM } from "./program.ts";
import type { RunningLab } from "./running-lab.ts";

/** `hairpin-probe verify`, started before a change as its user would. */
export interface Verifying {
  /** Waits until its verdict stands. */
  done(): Promise<{ readonly exitCode: number | null; readonly text: string }>;
  /** Ends it, if it has not ended. */
  [Symbol.dispose](): void;
}

/** Lets it ask all agents of the lab. */
export function startVerify(lab: RunningLab, service: string, flags: readonly string[]): Verifying {
  const agents = lab.agents.map(({ metricsUrl }) => new URL(metricsUrl).host).join(",");
  const args = [PROGRAM, "verify", service, "--agents", agents, ...flags];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  child.stdout.on("data", (data: Buffer) => (text += data));
  const closed = once(child, "close");
  return {
    async done() {
      await closed;
      return { exitCode: child.exitCode, text };
    },
    [Symbol.dispose]: () => void child.kill("SIGTERM"),
  };
}
