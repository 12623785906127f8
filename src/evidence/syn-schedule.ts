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
 * How long Linux waits each time before it sends a SYN again that is not answered, in milliseconds.
 *
 * The wait stays the same for `linearTimeouts` times, and doubles from then on: with 4 of them SYNs are sent again after 1, 2, 3, 4, 5, 7,
 * 11 s, with none after 1, 3, 7 s.
 *
 * @param untilMs - What would be sent again later than that after the first one is left out.
 */
export function synWaits(linearTimeouts: number, untilMs: number): readonly number[] {
  const waits: number[] = [];
  let waitMs = FIRST_WAIT_MS;
  for (let atMs = waitMs; atMs < untilMs; atMs += waitMs) {
    waits.push(waitMs);
    if (waits.length > linearTimeouts) waitMs *= 2;
  }
  return waits;
}
