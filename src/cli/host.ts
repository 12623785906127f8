import { type ChildProcess, spawn } from "node:child_process";

/** What the capture of packets needs of the machine it runs on. */
export const HOST = {
  isRoot: process.getuid?.() === 0,
  spawn: (command: string, args: readonly string[]): ChildProcess => spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] }),
} as const;
