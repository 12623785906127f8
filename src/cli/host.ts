import { type ChildProcess, spawn } from "node:child_process";

/** What evidence needs of the machine it runs on. */
export const HOST = {
  pid: process.pid,
  isRoot: process.getuid?.() === 0,
  spawn: (command: string, args: readonly string[]): ChildProcess => spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] }),
} as const;
