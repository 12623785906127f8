import { shown } from "../problems.ts";
import { ObjectError } from "./schema.ts";

/** The annotations that decide, by what they are about; and the two notations their values come in. */

const AWS = "service.beta.kubernetes.io/aws-load-balancer-";

/** Read by the AWS Load Balancer Controller, by the cloud provider (in-tree or CCM), or by both. */
export const AWS_ANNOTATIONS = {
  type: `${AWS}type`,
  scheme: `${AWS}scheme`,
  internal: `${AWS}internal`,
  targetType: `${AWS}nlb-target-type`,
  targetGroupAttributes: `${AWS}target-group-attributes`,
  attributes: `${AWS}attributes`,
  crossZone: `${AWS}cross-zone-load-balancing-enabled`,
  sslCert: `${AWS}ssl-cert`,
  sslPorts: `${AWS}ssl-ports`,
  targetNodeLabels: `${AWS}target-node-labels`,
  multiCluster: `${AWS}multi-cluster-target-group`,
  tcpUdpListener: `${AWS}enable-tcp-udp-listener`,
  quicPorts: `${AWS}quic-enabled-ports`,
} as const;

/** Read only to see what a controller refuses, with all that the Service asks for. */
export const REFUSABLE_ANNOTATIONS = {
  name: `${AWS}name`,
  ipAddressType: `${AWS}ip-address-type`,
  proxyProtocol: `${AWS}proxy-protocol`,
  proxyProtocolPerTargetGroup: `${AWS}proxy-protocol-per-target-group`,
  healthCheckProtocol: `${AWS}healthcheck-protocol`,
  healthCheckPort: `${AWS}healthcheck-port`,
  healthCheckInterval: `${AWS}healthcheck-interval`,
  healthCheckTimeout: `${AWS}healthcheck-timeout`,
  healthyThreshold: `${AWS}healthcheck-healthy-threshold`,
  unhealthyThreshold: `${AWS}healthcheck-unhealthy-threshold`,
  accessLog: `${AWS}access-log-enabled`,
  alpnPolicy: `${AWS}alpn-policy`,
  securityGroups: `${AWS}security-groups`,
  extraSecurityGroups: `${AWS}extra-security-groups`,
  disableSecurityGroups: `${AWS}disable-nlb-sg`,
  manageBackendRules: `${AWS}manage-backend-security-group-rules`,
  privateLinkRules: `${AWS}inbound-sg-rules-on-private-link-traffic`,
  elasticIps: `${AWS}eip-allocations`,
  privateIpv4: `${AWS}private-ipv4-addresses`,
  ipv6: `${AWS}ipv6-addresses`,
  sourceNat: `${AWS}enable-prefix-for-ipv6-source-nat`,
  sourceNatPrefixes: `${AWS}source-nat-ipv6-prefixes`,
  tags: `${AWS}additional-resource-tags`,
  capacity: `${AWS}minimum-load-balancer-capacity`,
  sourceRanges: "service.beta.kubernetes.io/load-balancer-source-ranges",
} as const;

/** Ours. They outrank whatever the ports say. */
export const OWN_ANNOTATIONS = {
  probe: "hairpin-probe/probe",
  protocol: "hairpin-probe/protocol",
  path: "hairpin-probe/path",
} as const;

const REFUSABLE: ReadonlySet<string> = new Set(Object.values(REFUSABLE_ANNOTATIONS));
const KNOWN: ReadonlySet<string> = new Set([...Object.values(AWS_ANNOTATIONS), ...REFUSABLE, ...Object.values(OWN_ANNOTATIONS)]);

/** Target group attributes of one listener: the controller since 2.14.0. */
export const portAttributesAnnotation = (port: number): string => `${AWS_ANNOTATIONS.targetGroupAttributes}.${port}`;

/** How one listener spreads over several target groups, as JSON: the controller since 2.16.0. */
export const actionsAnnotation = (listenerProtocol: string, port: number): string =>
  `service.beta.kubernetes.io/actions.${listenerProtocol}-${port}`;

const PORT_ATTRIBUTES = new RegExp(`^${portAttributesAnnotation(0).replaceAll(".", "\\.").replace(/0$/, "")}\\d{1,5}$`);
/** Attributes of one listener. */
export const listenerAttributesAnnotation = (listenerProtocol: string, port: number): string =>
  `${AWS}listener-attributes.${listenerProtocol}-${port}`;

const LISTENER_ATTRIBUTES = /^service\.beta\.kubernetes\.io\/aws-load-balancer-listener-attributes\.[A-Z_]{1,16}-\d{1,5}$/;
const ACTIONS = /^service\.beta\.kubernetes\.io\/actions\.[A-Z_]{1,16}-\d{1,5}$/;

/** Whether an annotation is one that is read at all: the others are dropped as an object is parsed. */
export const isReadAnnotation = (key: string): boolean =>
  KNOWN.has(key) || PORT_ATTRIBUTES.test(key) || ACTIONS.test(key) || LISTENER_ATTRIBUTES.test(key);

/** An annotation that is read and longer than this is not kept, but its name is: Kubernetes allows 256 KiB, a setting needs few. */
export const MAX_ANNOTATION_LENGTH = 4096;

/** The annotations of an object that are read. */
export interface ReadAnnotations {
  /** A map, so that an annotation may be called `__proto__`. */
  readonly annotations: ReadonlyMap<string, string>;
  /** Names of those that are too long to be kept. */
  readonly oversized: readonly string[];
  /** Names of those for AWS load balancers that are not kept, because nothing that is told depends on what they say. */
  readonly unread: readonly string[];
}

const NONE: ReadAnnotations = { annotations: new Map(), oversized: [], unread: [] };
/** Of those names so many are kept: more than there are that anybody reads. */
const MAX_UNREAD = 64;
const MAX_NAME_LENGTH = 128;

/** Keeps the annotations that are read. @throws ObjectError for one that is no text. */
export function pickAnnotations(entries: Iterable<readonly [string, unknown]>): ReadAnnotations {
  const annotations = new Map<string, string>();
  const oversized: string[] = [];
  const unread: string[] = [];
  for (const [key, value] of entries) {
    if (!isReadAnnotation(key)) {
      const isAws = key.startsWith(AWS) && key.length <= MAX_NAME_LENGTH;
      if (isAws && unread.length < MAX_UNREAD) unread.push(key);
      continue;
    }
    if (typeof value !== "string") throw new ObjectError(`metadata.annotations.${key}: got ${shown(value)}, expected text`);
    if (value.length <= MAX_ANNOTATION_LENGTH) annotations.set(key, value);
    // Tags and source ranges may be as long as that, and decide nothing.
    else if (!REFUSABLE.has(key)) oversized.push(key);
  }
  // Most objects have none: thousands of them share one.
  return annotations.size === 0 && oversized.length === 0 && unread.length === 0 ? NONE : { annotations, oversized, unread };
}

/**
 * Go's `strconv.ParseBool`, by which both controllers read their switches.
 *
 * @returns `undefined` for anything it refuses, the empty string included.
 */
export function parseGoBool(text: string): boolean | undefined {
  if (["1", "t", "T", "TRUE", "true", "True"].includes(text)) return true;
  if (["0", "f", "F", "FALSE", "false", "False"].includes(text)) return false;
  return undefined;
}

/**
 * `key=value,key=value`, as the controller read its attribute annotations before 2.14.1: keys and values are trimmed, a backslash
 * keeps the next character from separating.
 *
 * @returns `undefined` when an item has no `=`: the controller refuses the whole annotation then.
 * @see aws-load-balancer-controller, pkg/annotations/parser.go
 */
export function parseAttributes(text: string): ReadonlyMap<string, string> | undefined {
  const found = new Map<string, string>();
  for (const item of splitUnescaped(text)) {
    if (item.trim() === "") continue;
    const separator = item.indexOf("=");
    if (separator === -1) return undefined;
    found.set(item.slice(0, separator).trim(), item.slice(separator + 1).trim());
  }
  return found;
}

/** The same notation with one attribute set: in its place where it is there, else at the end; all others stay as they are. */
export function setAttribute(text: string, attribute: string, value: string): string {
  const items = splitUnescaped(text).filter((item) => item.trim() !== "");
  const isIt = (item: string): boolean => item.split("=")[0]?.trim() === attribute;
  const replaced = items.map((item) => (isIt(item) ? `${attribute}=${value}` : escaped(item)));
  return [...replaced, ...(items.some(isIt) ? [] : [`${attribute}=${value}`])].join(",");
}

/** The same notation without one attribute; all others stay as they are. */
export const removeAttribute = (text: string, attribute: string): string =>
  splitUnescaped(text)
    .filter((item) => item.trim() !== "" && item.split("=")[0]?.trim() !== attribute)
    .map(escaped)
    .join(",");

/** What splitting took away. */
const escaped = (item: string): string => item.trim().replaceAll(/[\\,]/g, "\\$&");

function splitUnescaped(text: string): readonly string[] {
  const items: string[] = [];
  let item = "";
  let escaped = false;
  for (const character of text) {
    if (escaped || (character !== "\\" && character !== ",")) item += character;
    else if (character === ",") {
      items.push(item);
      item = "";
    }
    escaped = !escaped && character === "\\";
  }
  return [...items, item];
}
