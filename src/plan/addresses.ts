import type { AddressPolicy } from "../domain/address.ts";
import { familyOf } from "../domain/cidr.ts";

/**
 * Leaves out the IPv6 addresses of a dual-stack NLB that may not be probed.
 *
 * The A records tell whether an NLB is internal. If it is, its AAAA records mostly are of the public range that the VPC has from
 * AWS: a fact of IPv6, and no failure. Without private A records beside them they stay, and fail with `not_internal`: then
 * nothing says that the NLB is internal.
 *
 * @see AWS, NLB user guide, "IP address type": an internal NLB's IPv6 addresses are from its subnets' ranges.
 */
export function selectAddresses<T extends { readonly address: string }>(
  addresses: readonly T[],
  isAllowed: AddressPolicy,
): { readonly selected: readonly T[]; readonly skipped: readonly T[] } {
  const v4 = addresses.filter(({ address }) => familyOf(address) === 4);
  const isInternal = v4.length > 0 && v4.every(({ address }) => isAllowed(address));
  if (!isInternal) return { selected: addresses, skipped: [] };
  const isSkipped = ({ address }: T): boolean => familyOf(address) === 6 && !isAllowed(address);
  return { selected: addresses.filter((each) => !isSkipped(each)), skipped: addresses.filter(isSkipped) };
}
