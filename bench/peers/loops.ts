/** Loops that do nothing but connect: what an attempt costs at the least in C, in Go and in Node.js. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { end } from "../frontend-farm.ts";
import { type Drive, pidOf, type Running, type Subject, startOn } from "./subject.ts";

const fileOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

async function startLoop(argv: readonly string[], { core, port, intervalMs, timeoutMs, addresses }: Drive): Promise<Running> {
  const loop = startOn(core, [...argv, String(port), String(intervalMs), String(timeoutMs), ...addresses]);
  await sleep(200);
  return { pid: pidOf(loop), stop: () => end(loop) };
}

/** @throws Error when there is no C compiler. */
export function buildFloor(folder: string): Subject {
  const program = join(folder, "floor");
  execFileSync("cc", ["-O2", "-o", program, fileOf("./floor.c")], { stdio: ["ignore", "ignore", "inherit"] });
  return {
    name: "C epoll loop",
    perAttempt: "connect, FIN (http: a GET, too); nothing else: the floor",
    kinds: ["tcp", "http"],
    start: (drive) => startLoop([program, drive.kind], drive),
  };
}

/** @throws Error when there is no Go. */
export function buildGoDial(folder: string): Subject {
  const program = join(folder, "go-dial");
  // In that folder there is no go.mod, and none is needed.
  execFileSync("go", ["build", "-trimpath", "-o", program, fileOf("./go-dial.go")], {
    stdio: ["ignore", "ignore", "inherit"],
    cwd: folder,
  });
  return {
    name: "Go net.Dial loop",
    perAttempt: "connect, close; two counters: less than any prober in Go",
    kinds: ["tcp"],
    start: (drive) => startLoop([program], drive),
  };
}

export const nodeLoop: Subject = {
  name: "Node.js net.connect loop",
  perAttempt: "connect, FIN; nothing else",
  kinds: ["tcp"],
  compilesAsItRuns: true,
  start: (drive) => startLoop([process.execPath, fileOf("../bare-connect.ts")], drive),
};
