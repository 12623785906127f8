import type { NlbListener, RegisteredTarget } from "../network.ts";

/** Where the connections to one zonal address of a listener that terminates TLS end, as data. */
export interface TlsEnd {
  /** Of the lab's own TLS server. */
  readonly port: number;
  /** The zonal address, and the listener's port. */
  readonly address: string;
  readonly listenerPort: number;
  /** What targets see: the client's address, or the zonal one. */
  readonly preserveClientIp: boolean;
  /** Those that the zonal address may choose; at least one. */
  readonly targets: readonly RegisteredTarget[];
}

const FIRST_PORT = 20_000;

/** All of them; a zonal address without a target has none. */
export function tlsEnds(listeners: readonly NlbListener[]): readonly TlsEnd[] {
  return listeners
    .filter(({ tlsTerminated }) => tlsTerminated)
    .flatMap(({ addresses, port: listenerPort, crossZone, preserveClientIp, targets }) =>
      addresses.map(({ zone, address }) => {
        const eligible = crossZone ? targets : targets.filter((target) => target.zone === zone);
        return { address, listenerPort, preserveClientIp, targets: eligible };
      }),
    )
    .filter(({ targets }) => targets.length > 0)
    .map((end, i) => ({ ...end, port: FIRST_PORT + i }));
}
