import type { Exposure } from "./exposure.ts";
import type { Listener, NlbService } from "./service.ts";

/** What DNS says about one name at present: addresses with their zones, or why there are none. */
export type Resolution =
  | { readonly kind: "resolved"; readonly addresses: readonly ZonalAddress[] }
  | { readonly kind: "failed"; readonly detail: string; readonly lastAddresses: readonly ZonalAddress[] };

export interface ZonalAddress {
  readonly address: string;
  /** From the zonal name; `undefined` when no zonal name answered with this address. */
  readonly zone: string | undefined;
}

/**
 * One address and port of an NLB: what is probed. Never called a target, which is the NLB's own word for what it forwards to.
 */
export interface Frontend {
  /** Identity: stays the same as long as the Service, port and address do. */
  readonly id: string;
  readonly service: NlbService;
  readonly listener: Listener;
  /** `undefined`: the hostname does not resolve, and every attempt says so. */
  readonly address: string | undefined;
  /** Why the hostname does not resolve at present. Attempts fail with `dns_error` for as long as it is set. */
  readonly dnsError: string | undefined;
  readonly zone: string | undefined;
  /** This node hosts at least one ready backend of the Service. */
  readonly colocated: boolean;
  readonly exposure: Exposure;
}
