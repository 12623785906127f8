/** How long a reflector waits for what, in milliseconds. */
export interface ReflectorTiming {
  /** An answer in which nothing comes for this long is given up. */
  readonly idleMs: number;
  /**
   * How long a watch may last, drawn from this range for each. Shorter than the idle deadline, because bookmarks come about once
   * a minute: a quiet watch ends in good order before it could be taken for a dead one.
   */
  readonly watchSeconds: readonly [min: number, max: number];
  /** Wait after the first trouble; doubled with each that follows. */
  readonly backoffBaseMs: number;
  readonly backoffMaxMs: number;
  /** A watch that lasted this long was no trouble: the next wait is short again. */
  readonly healthyMs: number;
  /** Longest that a server's `Retry-After` is obeyed. */
  readonly retryAfterMaxMs: number;
  /** How long to wait before an optional resource that is not to be had is asked for again, drawn from its upper half. */
  readonly unavailableMs: number;
  /** A version that is too old is too old for every agent: they list anew spread over this time. */
  readonly relistJitterMs: number;
  /** A server that was to send a list as a stream and is silent for this long does not know how. */
  readonly streamSilenceMs: number;
  /** How long a server that refused to send lists as a stream is asked for pages, drawn from the upper half. */
  readonly pagesForMs: number;
}

export const REFLECTOR_TIMING: ReflectorTiming = {
  idleMs: 60_000,
  watchSeconds: [30, 45],
  backoffBaseMs: 500,
  backoffMaxMs: 30_000,
  healthyMs: 10_000,
  retryAfterMaxMs: 60_000,
  unavailableMs: 10 * 60_000,
  relistJitterMs: 10_000,
  streamSilenceMs: 10_000,
  pagesForMs: 60 * 60_000,
};
