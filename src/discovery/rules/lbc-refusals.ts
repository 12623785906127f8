import { type ControllerContext, lbcHas } from "../../domain/controller-context.ts";
import type { Switch } from "../../domain/target-group.ts";
import { AWS_ANNOTATIONS, listenerAttributesAnnotation, parseGoBool, REFUSABLE_ANNOTATIONS } from "../objects/annotations.ts";
import { listItems, parseGoInt32 } from "../objects/go-values.ts";
import type { ServiceObject } from "../objects/service-object.ts";
import { shown } from "../problems.ts";
import type { AskedListener } from "./asked-listeners.ts";
import { ROUTING_POLICY } from "./attributes.ts";
import type { Findings } from "./findings.ts";
import { isDualStack } from "./ip-family.ts";
import {
  areIntegers,
  areIpv4,
  areIpv6,
  type Check,
  isAtMost,
  isBool,
  isCapacity,
  isHealthCheckProtocol,
  isInteger,
  isKeyValues,
  isNotFor,
  isOneOf,
} from "./refusal-checks.ts";

export interface LbcRefusalsInput {
  readonly service: ServiceObject;
  readonly listeners: readonly AskedListener[];
  readonly internal: Switch;
  /** Attributes of the load balancer; `undefined`: they are refused. */
  readonly ofLoadBalancer: ReadonlyMap<string, string> | undefined;
  readonly context: ControllerContext;
}

const {
  accessLog,
  alpnPolicy,
  capacity,
  disableSecurityGroups,
  elasticIps,
  healthCheckInterval,
  healthCheckPort,
  healthCheckProtocol,
  healthCheckTimeout,
  healthyThreshold,
  ipAddressType,
  ipv6,
  manageBackendRules,
  name,
  privateIpv4,
  privateLinkRules,
  proxyProtocol,
  proxyProtocolPerTargetGroup,
  securityGroups,
  sourceNat,
  sourceNatPrefixes,
  sourceRanges,
  tags,
  unhealthyThreshold,
} = REFUSABLE_ANNOTATIONS;

const ROUTING_POLICIES = ["any_availability_zone", "partial_availability_zone_affinity", "availability_zone_affinity"];
const ALPN_POLICIES = ["None", "HTTP1Only", "HTTP2Only", "HTTP2Optional", "HTTP2Preferred"];
const MAX_NAME = 32;

/** Those that are read whatever else is asked for. */
const ALWAYS: readonly (readonly [key: string, check: Check])[] = [
  [ipAddressType, isOneOf("ipv4", "dualstack")],
  [accessLog, isBool],
  [disableSecurityGroups, isBool],
  [capacity, isCapacity],
  [name, isAtMost(MAX_NAME)],
  [privateLinkRules, isOneOf("on", "off")],
  [tags, isKeyValues],
  [healthCheckProtocol, isHealthCheckProtocol],
  [healthCheckInterval, isInteger],
  [healthCheckTimeout, isInteger],
  [healthyThreshold, isInteger],
  [unhealthyThreshold, isInteger],
  [proxyProtocolPerTargetGroup, areIntegers],
  [proxyProtocol, isOneOf("*")],
];

/**
 * Notes what the AWS Load Balancer Controller refuses besides what decides about hairpins: it then makes nothing of all that the Service
 * asks for.
 *
 * @see aws-load-balancer-controller, pkg/service, the model builder.
 */
export function refuseAsController(input: LbcRefusalsInput, findings: Findings): void {
  const { annotations } = input.service;
  for (const [key, check] of [...ALWAYS, ...sometimes(input)]) {
    const text = annotations.get(key);
    const expected = text === undefined ? undefined : check(text);
    if (expected !== undefined) findings.refuse(`${key}: got ${shown(text)}, expected ${expected}.`);
  }
  const policy = input.ofLoadBalancer?.get(ROUTING_POLICY);
  if (policy !== undefined && !ROUTING_POLICIES.includes(policy)) {
    findings.refuse(`${ROUTING_POLICY}: got ${shown(policy)}, expected ${ROUTING_POLICIES.join(", ")}.`);
  }
  refuseSourceRanges(input.service, findings);
  if (input.service.isBeingDeleted) {
    findings.refuse(
      "metadata.deletionTimestamp: got a time, expected none with deletion_protection.enabled: it is not taken down.",
    );
  }
}

/** Those that are read only with something else. */
function* sometimes({ service, listeners, internal, context }: LbcRefusalsInput): Generator<readonly [string, Check]> {
  const { annotations } = service;
  const isDual = isDualStack(service);
  if (lbcHas(context, "multiCluster")) yield [AWS_ANNOTATIONS.multiCluster, isBool];
  if (hasOwnSecurityGroups(service)) yield [manageBackendRules, isBool];
  if (internal.enabled === true) yield [elasticIps, isNotFor("it is for internet-facing load balancers")];
  yield [privateIpv4, internal.enabled === false ? isNotFor("it is for internal load balancers") : areIpv4];
  yield [ipv6, isDual ? areIpv6 : isNotFor(`it takes ${ipAddressType} dualstack`)];
  yield [sourceNat, isDual ? isOneOf("on", "off") : isOneOf("off")];
  const isNat = isDual && annotations.get(sourceNat) === "on";
  if (!isNat) yield [sourceNatPrefixes, isNotFor(`it takes ${sourceNat} and ${ipAddressType} dualstack`)];
  if (listeners.some(({ tlsTerminated }) => tlsTerminated)) yield [alpnPolicy, isOneOf(...ALPN_POLICIES)];
  yield [healthCheckPort, (text) => healthCheckPortProblem(text, service)];
  for (const { port, protocol } of listeners) {
    if (protocol !== undefined) yield [listenerAttributesAnnotation(protocol, port.port), isKeyValues];
  }
}

/** The controller asks who manages the rules where security groups are named, or where there are none. */
const hasOwnSecurityGroups = ({ annotations }: ServiceObject): boolean =>
  listItems(annotations.get(securityGroups) ?? "").length > 0 ||
  parseGoBool(annotations.get(disableSecurityGroups) ?? "") === true;

function healthCheckPortProblem(text: string, { ports, annotations }: ServiceObject): string | undefined {
  if (text === "traffic-port" || parseGoInt32(text) !== undefined) return undefined;
  const port = ports.find(({ name }) => name === text);
  if (port === undefined) return "traffic-port, or number or name of a port of the Service";
  const isIp = annotations.get(AWS_ANNOTATIONS.targetType) === "ip" || annotations.get(AWS_ANNOTATIONS.type) === "nlb-ip";
  return isIp && port.isTargetNamed ? "a number, since the target port goes by a name" : undefined;
}

/** The security group that the controller makes itself has rules for them. */
function refuseSourceRanges(service: ServiceObject, findings: Findings): void {
  if (isDualStack(service) || hasOwnSecurityGroups(service)) return;
  const ofAnnotation = listItems(service.annotations.get(sourceRanges) ?? "");
  const found = (service.sourceRanges.length > 0 ? service.sourceRanges : ofAnnotation).find((range) => range.includes(":"));
  if (found !== undefined)
    findings.refuse(`Source ranges: got ${shown(found)}, expected IPv4: IPv6 takes ${ipAddressType} dualstack.`);
}
