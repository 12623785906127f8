import type { Retransmission } from "./retransmissions.ts";

/** Linux waits so long for an answer to a first SYN. @see TCP_TIMEOUT_INIT in include/net/tcp.h; RFC 6298, section 2.1. */
export const FIRST_WAIT_MS = 1_000;

/** Since Linux 6.5; older kernels double the wait from the start. @see Documentation/networking/ip-sysctl.rst. */
export const LINEAR_TIMEOUTS_PATH = "/proc/sys/net/ipv4/tcp_syn_linear_timeouts";

/** The number in that file; 0 where there is none. */
export function linearTimeoutsOf(text: string | undefined): number {
  const count = Number(text?.trim());
  return Number.isInteger(count) && count > 0 ? count : 0;
}

/**
 * When Linux sends a SYN again that is not answered.
 *
 * The wait stays the same for `linearTimeouts` times, and doubles from then on: with 4 of them at 1, 2, 3, 4, 5, 7, 11 s, with none
 * at 1, 3, 7 s.
 *
 * @param lateness - Milliseconds by which the first one is late, at most.
 * @param untilMs - Later ones are left out.
 */
export function synSchedule(linearTimeouts: number, lateness: number, untilMs: number): readonly Retransmission[] {
  const schedule: Retransmission[] = [];
  let waitMs = FIRST_WAIT_MS;
  for (let [round, atMs] = [0, waitMs]; atMs < untilMs; round++) {
    schedule.push({ earliestMs: atMs, latestMs: atMs + (atMs / FIRST_WAIT_MS) * lateness });
    if (round >= linearTimeouts) waitMs *= 2;
    atMs += waitMs;
  }
  return schedule;
}
