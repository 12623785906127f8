import { familyOf } from "../domain/cidr.ts";
import { type TargetGroup, UNKNOWN_SWITCH } from "../domain/target-group.ts";

/**
 * The target group behind one address of an NLB from a file, which seldom says of which family the targets are: they are of that of the
 * addresses. Beside both they are of IPv4, as AWS has it by default; but then whether an IPv6 client's address is kept is not known.
 *
 * @param location - `isDualStack`: the NLB has addresses of the other family, too.
 */
export function targetGroupAt(
  { address, isDualStack }: { readonly address: string | undefined; readonly isDualStack: boolean },
  targetGroup: TargetGroup,
): TargetGroup {
  const ipFamily = address === undefined ? undefined : familyOf(address);
  if (targetGroup.ipFamily !== undefined || ipFamily === undefined) return targetGroup;
  const isKnown = ipFamily === 4 || !isDualStack || targetGroup.preserveClientIp.enabled === false;
  return { ...targetGroup, ipFamily, preserveClientIp: isKnown ? targetGroup.preserveClientIp : UNKNOWN_SWITCH };
}
