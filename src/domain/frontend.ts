import type { Exposure } from "./exposure.ts";
import type { BackendCounts, Listener, NlbService } from "./service.ts";

/**
 * What DNS says about one name at present: addresses with their zones, or why there are none and which there were.
 *
 * `overLimit` counts the addresses beyond those that are used of one name.
 */
export type Resolution =
  | { readonly kind: "resolved"; readonly addresses: readonly ZonalAddress[]; readonly overLimit: number }
  | {
      readonly kind: "failed";
      readonly detail: string;
      readonly lastAddresses: readonly ZonalAddress[];
      readonly overLimit: number;
    };

export interface ZonalAddress {
  readonly address: string;
  /** From the zonal name; `undefined` when no zonal name answered with this address. */
  readonly zone: string | undefined;
  /** The name stopped answering with this address a short while ago. */
  readonly withdrawn?: true;
}

/** Why an address of an internal NLB is not probed: see `selectAddresses`, and the bound on the addresses of one name. */
export const ADDRESS_SKIP_REASONS = ["ipv6_not_private", "over_limit"] as const;
export type AddressSkipReason = (typeof ADDRESS_SKIP_REASONS)[number];

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
  /** Of the address; `undefined`: there is none. */
  readonly family: 4 | 6 | undefined;
  /**
   * The name stopped answering with this address: its zone has no healthy target, or was shifted away; or, where DNS prefers the
   * client's zone, it only answered with another for now.
   */
  readonly withdrawn: boolean;
  /** Why the hostname does not resolve at present. Attempts fail with `dns_error` for as long as it is set. */
  readonly dnsError: string | undefined;
  readonly zone: string | undefined;
  /** This node hosts at least one ready backend of the Service. */
  readonly colocated: boolean;
  readonly exposure: Exposure;
  /** Behind the port; `undefined` where the Kubernetes API does not tell. With none at all nothing is meant to answer. */
  readonly backends: BackendCounts | undefined;
}
