/**
 * What a Service's annotations ask of its load balancer, read as the AWS Load Balancer Controller and the AWS cloud provider
 * read them.
 *
 * This shares no code with the agent's discovery: it is the other side of the test, and must not be wrong in the same way.
 */
import { createHash } from "node:crypto";
import type { Service } from "./objects.ts";

export type TargetType = "instance" | "ip";

/** `undefined`: not said, so that AWS keeps what it has. */
export interface NlbSettings {
  /** What the NLB is to be called: by another name it is another NLB. */
  readonly name: string | undefined;
  readonly targetType: TargetType;
  readonly crossZone: boolean | undefined;
  /** Ports whose listeners terminate TLS. */
  readonly tlsPorts: ReadonlySet<number>;
  /** `preserve_client_ip.enabled` of each port's target group. */
  readonly preserveClientIp: ReadonlyMap<number, boolean | undefined>;
}

/** An annotation that the controller refuses: it changes nothing until somebody repairs it. */
export class AnnotationError extends Error {
  override readonly name = "AnnotationError";
  constructor(annotation: string, value: string, expected: string) {
    super(`${PREFIX}${annotation}: got ${JSON.stringify(value)}, expected ${expected}`);
  }
}

const PREFIX = "service.beta.kubernetes.io/aws-load-balancer-";
const CLASS = "service.k8s.aws/nlb";
const PRESERVE = "preserve_client_ip.enabled";
const CROSS_ZONE = "load_balancing.cross_zone.enabled";
/** @see strconv.ParseBool of Go, by which both controllers read switches. */
const TRUE = ["1", "t", "T", "TRUE", "true", "True"];
const FALSE = ["0", "f", "F", "FALSE", "false", "False"];

/**
 * @returns `undefined` for a Service that gets no internal NLB.
 * @throws AnnotationError for a value that the controller refuses.
 */
export function nlbSettings({ metadata, spec }: Service): NlbSettings | undefined {
  const annotation = (name: string): string | undefined => metadata.annotations?.[`${PREFIX}${name}`];
  const type = annotation("type");
  const isOfCloudProvider = spec.loadBalancerClass === undefined && type === "nlb";
  const wantedTargets = annotation("nlb-target-type") ?? "";
  const isOfController =
    spec.loadBalancerClass === undefined
      ? type === "nlb-ip" || (type === "external" && ["ip", "instance"].includes(wantedTargets))
      : spec.loadBalancerClass === CLASS;
  if (spec.type !== "LoadBalancer" || !(isOfController || isOfCloudProvider)) return undefined;
  if (!(isOfCloudProvider ? isInternalByCloudProvider : isInternalByController)(annotation)) return undefined;

  const isIp = !isOfCloudProvider && (type === "nlb-ip" || wantedTargets === "ip");
  const legacy = annotation("cross-zone-load-balancing-enabled");
  const crossZone = legacy === undefined ? attributes(annotation, "attributes").get(CROSS_ZONE) : legacy;
  const base = attributes(annotation, "target-group-attributes");
  const preserve = (port: number): boolean | undefined => {
    const name = `target-group-attributes.${port}`;
    const value = attributes(annotation, name).get(PRESERVE) ?? base.get(PRESERVE);
    return value === undefined ? undefined : parseSwitch(name, value);
  };
  const sslPorts = annotation("ssl-ports")
    ?.split(",")
    .map((part) => part.trim());
  const isTls = ({ port, name }: Service["spec"]["ports"][number]): boolean =>
    Boolean(annotation("ssl-cert")) &&
    (sslPorts === undefined || sslPorts.includes(String(port)) || (name !== undefined && sslPorts.includes(name)));
  return {
    tlsPorts: new Set(spec.ports.filter(isTls).map(({ port }) => port)),
    name: isOfCloudProvider ? cloudProvidersName(metadata) : annotation("name"),
    targetType: isIp ? "ip" : "instance",
    crossZone: crossZone === undefined ? undefined : parseSwitch("attributes", crossZone),
    preserveClientIp: new Map(spec.ports.map(({ port }) => [port, preserve(port)])),
  };
}

/** `a` and the Service's uid without dashes, cut to 32 characters; here of what the lab's Services have instead, always the same. */
const cloudProvidersName = ({ namespace, name }: Service["metadata"]): string =>
  `a${createHash("sha256").update(`${namespace}/${name}`).digest("hex").slice(0, 31)}`;

type Annotation = (name: string) => string | undefined;

/** `scheme` beats the older `internal`; with neither the controller makes an internal one. */
function isInternalByController(annotation: Annotation): boolean {
  const scheme = annotation("scheme");
  if (scheme === "internal" || scheme === "internet-facing") return scheme === "internal";
  if (scheme !== undefined) throw new AnnotationError("scheme", scheme, "internal or internet-facing");
  const internal = annotation("internal");
  return internal === undefined || parseSwitch("internal", internal);
}

/** The cloud provider knows no `scheme`, and takes any value of `internal` but these for a yes. */
const isInternalByCloudProvider = (annotation: Annotation): boolean => !["", "false"].includes(annotation("internal") ?? "");

/** `key=value,key=value`. */
function attributes(annotation: Annotation, name: string): ReadonlyMap<string, string> {
  const pairs = (annotation(name) ?? "").split(",").filter((pair) => pair.trim() !== "");
  return new Map(
    pairs.map((pair) => {
      const equals = pair.indexOf("=");
      if (equals < 0) throw new AnnotationError(name, pair, "key=value");
      return [pair.slice(0, equals).trim(), pair.slice(equals + 1).trim()];
    }),
  );
}

function parseSwitch(name: string, value: string): boolean {
  if (TRUE.includes(value)) return true;
  if (FALSE.includes(value)) return false;
  throw new AnnotationError(name, value, "true or false");
}
