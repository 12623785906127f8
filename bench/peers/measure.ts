import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { contextSwitches, proportionalMegabytes, residentMegabytes, threadCount, threadCpuSeconds } from "../process-cost.ts";
import type { Drive, Subject } from "./subject.ts";

/** What a subject took while it was looked at. */
export interface Cost {
  readonly attempts: number;
  readonly cpuMicrosPerAttempt: number;
  readonly residentMb: number;
  readonly proportionalMb: number;
  readonly threads: number;
  readonly wakeUpsPerSecond: number;
}

/** Past the timeout, attempts that time out are as many as begin to: in flight are as many as there ever will be. */
const SETTLE_MS = 500;
/** Programs run for weeks: those that compile while they run are looked at when they have compiled what they use, or nearly. */
const COMPILED_ATTEMPTS = 4_000;
const COMPILED_MS = 300_000;
/** A window has so many attempts at least. */
const LEAST_ATTEMPTS = 150;

/** Drives a subject, and reads what it costs over some seconds, or more where attempts are few. */
export async function measure(subject: Subject, drive: Drive, leastSeconds: number): Promise<Cost> {
  const { pid, scrape, stop } = await subject.start(drive);
  try {
    const attemptMs = drive.intervalMs / drive.addresses.length;
    const seconds = Math.max(leastSeconds, (LEAST_ATTEMPTS * attemptMs) / 1000);
    const compiledMs = subject.compilesAsItRuns === true ? Math.min(COMPILED_MS, COMPILED_ATTEMPTS * attemptMs) : 0;
    await sleep(Math.max(drive.timeoutMs + SETTLE_MS, compiledMs));
    const before = readingOf(pid);
    await sleep((seconds * 1000) / 2);
    await scrape?.();
    await sleep((seconds * 1000) / 2);
    const after = readingOf(pid);
    const attempts = after.opens - before.opens - (scrape === undefined ? 0 : 1);
    return {
      attempts,
      cpuMicrosPerAttempt: ((after.cpuSeconds - before.cpuSeconds) * 1e6) / attempts,
      residentMb: residentMegabytes(pid),
      proportionalMb: proportionalMegabytes(pid),
      threads: threadCount(pid),
      wakeUpsPerSecond: (after.switches - before.switches) / seconds,
    };
  } finally {
    await stop();
  }
}

const readingOf = (pid: number) => ({ opens: activeOpens(), cpuSeconds: threadCpuSeconds(pid), switches: contextSwitches(pid) });

/** Connections that anyone in this network namespace has begun (RFC 4022, tcpActiveOpens): nobody has to be believed. */
export function activeOpens(): number {
  const [names, values] = [...readFileSync("/proc/self/net/snmp", "latin1").matchAll(/^Tcp: (.*)$/gm)].map(([, line]) =>
    line?.split(" "),
  );
  return Number(values?.[names?.indexOf("ActiveOpens") ?? -1]);
}
