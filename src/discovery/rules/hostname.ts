/** What the name of an AWS load balancer tells about it. */
export type HostnameShape = "nlb" | "not_nlb" | "other";

const MAX_HOSTNAME = 253;
const LABEL = "[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?";
const DNS_NAME = new RegExp(`^${LABEL}(\\.${LABEL})*$`, "i");
const SUFFIX = String.raw`\.amazonaws\.com(\.cn)?$`;
/** Network Load Balancers have `elb` before the region, Classic and Application Load Balancers behind it. */
const NLB_NAME = new RegExp(String.raw`^[a-z0-9-]+\.elb\.[a-z0-9-]+${SUFFIX}`, "i");
const OTHER_ELB_NAME = new RegExp(String.raw`\.[a-z0-9-]+\.elb${SUFFIX}`, "i");

/** Whether a name can be asked of DNS as it is (RFC 1035 section 2.3.4; underscores do occur). */
export const isDnsName = (hostname: string): boolean => hostname.length <= MAX_HOSTNAME && DNS_NAME.test(hostname);

/** @see cloud-provider-aws, pkg/providers/v1/aws_validations.go, which tells them apart by the same rule. */
export function shapeOf(hostname: string): HostnameShape {
  if (NLB_NAME.test(hostname)) return "nlb";
  return OTHER_ELB_NAME.test(hostname) ? "not_nlb" : "other";
}

/**
 * The name that answers with the addresses of one zone only.
 *
 * @returns `undefined` where there is none: AWS makes zonal names for NLBs alone.
 * @see AWS, NLB user guide, "Network Load Balancers", DNS name.
 */
export function zonalName(zone: string, hostname: string): string | undefined {
  const name = `${zone}.${hostname}`;
  return shapeOf(hostname) === "nlb" && isDnsName(name) ? name : undefined;
}
