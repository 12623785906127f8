/** Starts sandboxes for tests, and finds in /proc what is left of them. */
import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

export const SANDBOX = fileURLToPath(new URL("../../scripts/sandbox.mjs", import.meta.url));

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. */
export async function run(
  argv: readonly string[],
  options: { env?: Record<string, string>; input?: string } = {},
): Promise<Finished> {
  const [command = "", ...args] = argv;
  const child = spawn(command, args, { env: { ...process.env, ...options.env }, stdio: ["pipe", "pipe", "pipe"] });
  // A program that ends without reading its input is none of the test's business.
  child.stdin.on("error", () => {}).end(options.input ?? "");
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  return { code, stdout, stderr };
}

/** Runs a shell script in a sandbox to its end. */
export const inSandbox = (script: string, options: Parameters<typeof run>[1] = {}) =>
  run([process.execPath, SANDBOX, "--", "sh", "-c", script], options);

export interface Running {
  readonly wrapper: ChildProcess;
  /** The sandbox's first process, as /proc numbers it. */
  readonly labPid: number;
  /** Everything that /proc shows of the sandbox: processes that carry its mark or are in its network namespace. */
  readonly left: () => readonly string[];
}

/** Starts a sandbox that runs `script`, which calls `hello` once everything is as the test wants it. */
export async function startSandbox(
  script: string,
  options: readonly string[] = [],
  env: Record<string, string> = {},
): Promise<Running> {
  const mark = `HAIRPIN_TEST_MARK=${randomUUID()}`;
  const [name = "", value = ""] = mark.split("=");
  const hello = "hello() { echo $HAIRPIN_LAB_PID $(readlink /proc/self/ns/net); }";
  const argv = [SANDBOX, ...options, "--", "sh", "-c", `${hello}; ${script}`];
  const wrapper = spawn(process.execPath, argv, {
    env: { ...process.env, ...env, [name]: value },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [greeting] = await once(wrapper.stdout, "data");
  wrapper.stdout.resume();
  const [labPid = "", namespace = ""] = String(greeting).trim().split(" ");
  const belongs = (pid: string) =>
    readProc(() => readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").includes(mark)) ||
    readProc(() => readlinkSync(`/proc/${pid}/ns/net`) === namespace);
  const left = () =>
    readdirSync("/proc").filter((entry) => /^\d+$/.test(entry) && belongs(entry) && entry !== String(wrapper.pid));
  return { wrapper, labPid: Number(labPid), left };
}

/** Of a process that /proc numbers `procPid`: its number for kill() from here, and its parent's number in /proc. */
export function statusOf(procPid: number): { readonly pid: number; readonly parent: number } {
  const pidsOf = (pid: number | "self") =>
    /^NSpid:\s*(.*)$/m
      .exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]
      ?.split(/\s+/)
      .map(Number) ?? [];
  const depth = pidsOf("self").length;
  const parent = /^PPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${procPid}/status`, "utf8"))?.[1];
  return { pid: pidsOf(procPid)[depth - 1] ?? Number.NaN, parent: Number(parent) };
}

/** A process may end while it is looked at, and another user's is none of ours. */
function readProc(look: () => boolean): boolean {
  try {
    return look();
  } catch {
    return false;
  }
}
