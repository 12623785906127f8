/** What the agents' series are called, and what of them makes a stratum. */
import type { Configuration, Stratum } from "./observation.ts";

/** Labels that tell strata apart. */
export const STRATUM_LABELS = ["node", "service_port", "frontend_zone", "colocated", "exposed", "reach"] as const;

/** The same for series of one stratum. */
export const stratumKey = (labels: Labels): string => STRATUM_LABELS.map((label) => labels[label] ?? "").join("\u0000");

type Where = Pick<Stratum, "node" | "port" | "zone" | "isOwnZone" | "colocated" | "isExposed">;

/** What the labels say of a stratum. @param zones - Of the nodes; "" where it is not known. */
export function whereOf(labels: Labels, zones: ReadonlyMap<string, string>): Where {
  const { node = "", service_port: port = "", frontend_zone: zone = "", colocated, exposed } = labels;
  return {
    node,
    port,
    zone,
    isOwnZone: isOwnZone(zones.get(node), zone),
    colocated: colocated === "true",
    isExposed: exposed === "true",
  };
}

/** Attempts that end at the NLB cannot time out behind it: that none does would pass for a fix. Agents of before have no such label. */
export const isMeasured = ({ reach }: Labels): boolean => reach !== "nlb";

/** Ports at which attempts were counted that end at the NLB. */
export const unmeasuredPorts = (attempts: readonly { readonly labels: Labels; readonly value: number }[]): readonly string[] =>
  [
    ...new Set(
      attempts.filter(({ labels, value }) => !isMeasured(labels) && value > 0).map(({ labels }) => labels.service_port ?? ""),
    ),
  ].sort((a, b) => Number(a) - Number(b));

const CONFIGURATION = {
  hostname: "hostname",
  targetType: "target_type",
  preserveClientIp: "preserve_client_ip",
  preserveOrigin: "preserve_origin",
  crossZone: "cross_zone",
  externalTrafficPolicy: "external_traffic_policy",
} as const satisfies Readonly<Record<keyof Configuration, string>>;

/** Labels of the metric that says what a Service's configuration is. */
export const CONFIGURATION_LABELS = Object.values(CONFIGURATION);

type Labels = Readonly<Record<string, string>>;

export function configurationOf(labels: Labels): Configuration {
  const entries = Object.entries(CONFIGURATION).map(([key, label]) => [key, labels[label] ?? ""]);
  return Object.fromEntries(entries) as Configuration;
}

/** Behind a TLS listener the NLB completes the connect by itself: there a hairpin is a response that does not come. */
export const isTimeout = ({ reason }: Labels): boolean => reason === "connect_timeout" || reason === "response_timeout";

/** A zone that is not known is nobody's own. */
const isOwnZone = (nodeZone: string | undefined, frontendZone: string | undefined): boolean | undefined =>
  nodeZone && frontendZone ? nodeZone === frontendZone : undefined;
