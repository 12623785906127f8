/** The resources that the API server has: those that the lab acts on, and those that it keeps for clients to read. */

export interface ResourceKind {
  /** Its name in paths. */
  readonly resource: ResourceName;
  /** "" for the core group. */
  readonly group: string;
  readonly version: string;
  /** `v1`, `discovery.k8s.io/v1`. */
  readonly apiVersion: string;
  readonly kind: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly namespaced: boolean;
}

export const RESOURCES = [
  "services",
  "endpointslices",
  "nodes",
  "gatewayclasses",
  "gateways",
  "tcproutes",
  "tlsroutes",
  "loadbalancerconfigurations",
  "targetgroupconfigurations",
  "targetgroupbindings",
] as const;
export type ResourceName = (typeof RESOURCES)[number];

const kindOf = (
  resource: ResourceName,
  apiVersion: string,
  kind: string,
  given: Partial<Pick<ResourceKind, "shortNames" | "namespaced">> = {},
): ResourceKind => {
  const [group = "", version = ""] = apiVersion.includes("/") ? apiVersion.split("/") : ["", apiVersion];
  const singular = kind.toLowerCase();
  return { resource, group, version, apiVersion, kind, singular, shortNames: [], namespaced: true, ...given };
};

const GATEWAY_API = "gateway.networking.k8s.io";

export const KINDS: Readonly<Record<ResourceName, ResourceKind>> = {
  services: kindOf("services", "v1", "Service", { shortNames: ["svc"] }),
  endpointslices: kindOf("endpointslices", "discovery.k8s.io/v1", "EndpointSlice"),
  nodes: kindOf("nodes", "v1", "Node", { shortNames: ["no"], namespaced: false }),
  gatewayclasses: kindOf("gatewayclasses", `${GATEWAY_API}/v1`, "GatewayClass", { shortNames: ["gc"], namespaced: false }),
  gateways: kindOf("gateways", `${GATEWAY_API}/v1`, "Gateway", { shortNames: ["gtw"] }),
  tcproutes: kindOf("tcproutes", `${GATEWAY_API}/v1alpha2`, "TCPRoute"),
  tlsroutes: kindOf("tlsroutes", `${GATEWAY_API}/v1alpha2`, "TLSRoute"),
  loadbalancerconfigurations: kindOf("loadbalancerconfigurations", "gateway.k8s.aws/v1beta1", "LoadBalancerConfiguration"),
  targetgroupconfigurations: kindOf("targetgroupconfigurations", "gateway.k8s.aws/v1beta1", "TargetGroupConfiguration"),
  targetgroupbindings: kindOf("targetgroupbindings", "elbv2.k8s.aws/v1beta1", "TargetGroupBinding"),
};

/** What a path of the API begins with. */
export const prefixOf = ({ apiVersion }: ResourceKind): string =>
  apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
