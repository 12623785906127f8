import { isIPv4, isIPv6 } from "node:net";
import { AWS_ANNOTATIONS, REFUSABLE_ANNOTATIONS } from "../objects/annotations.ts";
import { trimSpace } from "../objects/go-values.ts";
import type { ServiceObject } from "../objects/service-object.ts";
import { shown } from "../problems.ts";
import type { Findings } from "./findings.ts";
import { type Check, isBool, isHealthCheckProtocol, isLongInteger, isNotFor } from "./refusal-checks.ts";

const {
  accessLog,
  extraSecurityGroups,
  healthCheckInterval,
  healthCheckPort,
  healthCheckProtocol,
  healthCheckTimeout,
  healthyThreshold,
  sourceRanges,
  unhealthyThreshold,
} = REFUSABLE_ANNOTATIONS;

const unlessEmpty =
  (check: Check): Check =>
  (text) =>
    text === "" ? undefined : check(text);

/** Go's `net.ParseCIDR`, which lets bits stand behind the prefix. */
function isRange(text: string): boolean {
  const [address = "", prefix = "", ...more] = text.split("/");
  const bits = isIPv4(address) ? 32 : isIPv6(address) ? 128 : -1;
  return more.length === 0 && /^\d{1,3}$/.test(prefix) && Number(prefix) <= bits;
}

const ANNOTATIONS: readonly (readonly [key: string, check: Check])[] = [
  [extraSecurityGroups, isNotFor("NLBs have none of it")],
  [healthCheckProtocol, isHealthCheckProtocol],
  [
    healthCheckPort,
    (text) => (text === "traffic-port" || isLongInteger(text) === undefined ? undefined : "traffic-port or a number"),
  ],
  [healthCheckInterval, isLongInteger],
  [healthCheckTimeout, isLongInteger],
  [healthyThreshold, isLongInteger],
  [unhealthyThreshold, isLongInteger],
  [accessLog, unlessEmpty(isBool)],
  [AWS_ANNOTATIONS.crossZone, unlessEmpty(isBool)],
];

/**
 * Notes what the cloud provider refuses besides what decides about hairpins: it then changes nothing.
 *
 * @see cloud-provider-aws, pkg/providers/v1/aws.go (EnsureLoadBalancer, buildNLBHealthCheckConfiguration) and aws_validations.go.
 */
export function refuseAsCloudProvider(service: ServiceObject, findings: Findings): void {
  const { annotations, ports, sessionAffinity, loadBalancerIp } = service;
  for (const [key, check] of ANNOTATIONS) {
    const text = annotations.get(key);
    const expected = text === undefined ? undefined : check(text);
    if (expected !== undefined) findings.refuse(`${key}: got ${shown(text)}, expected ${expected}.`);
  }
  const transports = [...new Set(ports.map(({ protocol }) => protocol))];
  if (transports.length > 1) findings.refuse(`spec.ports: got ${transports.join(" and ")}, expected one of them: it mixes none.`);
  const strange = transports.find((transport) => transport !== "TCP" && transport !== "UDP");
  if (strange !== undefined) findings.refuse(`spec.ports: got ${strange}, expected TCP or UDP.`);
  if (sessionAffinity !== "None") findings.refuse(`spec.sessionAffinity: got ${shown(sessionAffinity)}, expected None.`);
  if (loadBalancerIp !== undefined) findings.refuse(`spec.loadBalancerIP: got ${shown(loadBalancerIp)}, expected nothing.`);
  const ofAnnotation = trimSpace(annotations.get(sourceRanges) ?? "");
  const ranges = service.sourceRanges.length > 0 ? service.sourceRanges : ofAnnotation === "" ? [] : ofAnnotation.split(",");
  const wrong = ranges.find((range) => !isRange(trimSpace(range)));
  if (wrong !== undefined) findings.refuse(`Source ranges: got ${shown(wrong)}, expected such as 10.0.0.0/8.`);
}
