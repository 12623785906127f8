/** Which annotations each controller reads of a Service whose NLB it makes, by what follows `aws-load-balancer-`. */

/** @see aws-load-balancer-controller, pkg/annotations/constants.go. */
const OF_BOTH = [
  "type",
  "internal",
  "access-log-enabled",
  "access-log-s3-bucket-name",
  "access-log-s3-bucket-prefix",
  "additional-resource-tags",
  "backend-protocol",
  "cross-zone-load-balancing-enabled",
  "eip-allocations",
  "healthcheck-healthy-threshold",
  "healthcheck-interval",
  "healthcheck-path",
  "healthcheck-port",
  "healthcheck-protocol",
  "healthcheck-timeout",
  "healthcheck-unhealthy-threshold",
  "private-ipv4-addresses",
  "security-groups",
  "ssl-cert",
  "ssl-negotiation-policy",
  "ssl-ports",
  "subnets",
  "target-group-attributes",
  "target-node-labels",
] as const;
const OF_LBC = [
  "alpn-policy",
  "attributes",
  "disable-nlb-sg",
  "enable-icmp-for-path-mtu-discovery",
  "enable-prefix-for-ipv6-source-nat",
  "enable-tcp-udp-listener",
  "healthcheck-success-codes",
  "inbound-sg-rules-on-private-link-traffic",
  "ip-address-type",
  "ipv6-addresses",
  "manage-backend-security-group-rules",
  "minimum-load-balancer-capacity",
  "multi-cluster-target-group",
  "name",
  "nlb-target-type",
  "proxy-protocol",
  "proxy-protocol-per-target-group",
  "quic-enabled-ports",
  "scheme",
  "security-group-prefix-lists",
  "source-nat-ipv6-prefixes",
] as const;
/** @see cloud-provider-aws, pkg/providers/v1/aws.go: read for an NLB too, if only to refuse it. */
const OF_CCM = ["extra-security-groups"] as const;

export const READ_BY_LBC: ReadonlySet<string> = new Set([...OF_BOTH, ...OF_LBC]);
export const READ_BY_CCM: ReadonlySet<string> = new Set([...OF_BOTH, ...OF_CCM]);
/** Annotations of one listener each: `listener-attributes.TCP-80`, `target-group-attributes.80`. */
export const OF_LISTENERS = /^(listener-attributes|target-group-attributes)\./;
/** What the cloud provider reads for Classic Load Balancers alone. */
export const OF_CLASSIC: ReadonlySet<string> = new Set([
  "access-log-emit-interval",
  "connection-draining-enabled",
  "connection-draining-timeout",
  "connection-idle-timeout",
  "proxy-protocol",
]);
/** Where the cloud provider has something else for what the controller's annotation says. */
export const CCM_INSTEAD: Readonly<Record<string, string>> = {
  scheme: "the cloud provider reads aws-load-balancer-internal instead",
  "nlb-target-type": "the cloud provider makes targets of type instance alone",
  attributes: "the cloud provider reads an annotation for each setting instead",
  "proxy-protocol":
    "the cloud provider reads it for Classic Load Balancers alone; proxy_protocol_v2.enabled is an attribute of the target group",
};
