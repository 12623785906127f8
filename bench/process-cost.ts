import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** Ticks a second of the times in /proc/PID/stat: USER_HZ, 100 on every Linux that Node runs on (proc(5)). */
const TICKS_PER_SECOND = 100;

/** CPU seconds, user and system, that a process has used so far. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`${procDirectory(pid)}/stat`, "utf8");
  // The name, in brackets, may hold spaces; the fields count from behind it: utime is field 14, stime 15.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/**
 * The same to the nanosecond, for windows in which there are few ticks: the time that the scheduler gave to the threads that there are.
 * Those that have ended are missing, so that two readings are to be compared only of programs that keep theirs.
 */
export const threadCpuSeconds = (pid: number): number =>
  sumOverThreads(pid, "schedstat", (text) => Number(text.split(" ")[0])) / 1e9;

/** How often threads were switched to another so far, of their own accord and not: what each wake-up ends with. */
export const contextSwitches = (pid: number): number =>
  sumOverThreads(pid, "status", (text) =>
    [...text.matchAll(/^(?:non)?voluntary_ctxt_switches:\s+(\d+)$/gm)].reduce((sum, [, count]) => sum + Number(count), 0),
  );

export const threadCount = (pid: number): number => readdirSync(`${procDirectory(pid)}/task`).length;

function sumOverThreads(pid: number, file: string, read: (text: string) => number): number {
  const tasks = `${procDirectory(pid)}/task`;
  return readdirSync(tasks).reduce((sum, task) => sum + read(readFileSync(`${tasks}/${task}/${file}`, "utf8")), 0);
}

/** Resident memory in MB (10^6 bytes). */
export function residentMegabytes(pid: number): number {
  const match = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`${procDirectory(pid)}/status`, "utf8"));
  return (Number(match?.[1]) * 1024) / 1e6;
}

/** Memory in MB (10^6 bytes) of which pages that n processes share count for one nth. */
export function proportionalMegabytes(pid: number): number {
  const match = /^Pss:\s+(\d+) kB$/m.exec(readFileSync(`${procDirectory(pid)}/smaps_rollup`, "utf8"));
  return (Number(match?.[1]) * 1024) / 1e6;
}

/**
 * Where /proc keeps a process of our own pid namespace. In a sandbox /proc is the outer one, and knows it by another number.
 *
 * @throws Error when there is no such process.
 */
export function procDirectory(pid: number): string {
  const namespace = readlinkSync("/proc/self/ns/pid");
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const pids = /^NSpid:\s+(.*)$/m.exec(readFileSync(`/proc/${entry}/status`, "utf8"))?.[1]?.split(/\s+/);
      if (Number(pids?.at(-1)) === pid && readlinkSync(`/proc/${entry}/ns/pid`) === namespace) return `/proc/${entry}`;
    } catch (error) {
      // It ended while we looked, or is not ours to look at: not the one we look for.
      if (!["ENOENT", "ESRCH", "EACCES"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
    }
  }
  throw new Error(`no process ${pid} in this pid namespace`);
}
