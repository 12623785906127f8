import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";

/** What a probe is to be made of. */
export type ProbeKind = "tcp" | "http";

/** What every subject is driven with. */
export interface Drive {
  readonly addresses: readonly string[];
  readonly port: number;
  readonly kind: ProbeKind;
  /** Milliseconds between two attempts at one address. */
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** The processor that what is measured has to itself. */
  readonly core: number;
  /** The processor of whatever drives it. */
  readonly otherCore: number;
  /** A folder for files that go with the bench. */
  readonly folder: string;
}

export interface Running {
  /** Of the process that is measured. */
  readonly pid: number;
  /** What is done once in each window, as a Prometheus would; absent: nothing. */
  readonly scrape?: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

export interface Subject {
  readonly name: string;
  /** What it does for each attempt, for whoever compares the figures. */
  readonly perAttempt: string;
  readonly kinds: readonly ProbeKind[];
  /** Whether it gets faster as it runs. */
  readonly compilesAsItRuns?: true;
  readonly start: (drive: Drive) => Promise<Running>;
}

/** Starts a program on one processor. */
export const startOn = (core: number, argv: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess =>
  spawn("taskset", ["-c", String(core), ...argv], { stdio: ["ignore", "ignore", "inherit"], env: { ...process.env, ...env } });

/** taskset becomes the program it starts, so its pid is the program's. */
export function pidOf(child: ChildProcess): number {
  if (child.pid === undefined) throw new Error("taskset (Debian package util-linux) could not be started");
  return child.pid;
}

const READY_WITHIN_MS = 15_000;

/** @throws Error when the address does not answer with 2xx in time. */
export async function untilOk(url: string): Promise<void> {
  const deadline = performance.now() + READY_WITHIN_MS;
  while (performance.now() < deadline) {
    const isOk = await fetch(url).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isOk) return;
    await sleep(20);
  }
  throw new Error(`${url} did not answer within ${READY_WITHIN_MS / 1000} s`);
}
