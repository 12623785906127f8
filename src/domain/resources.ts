/** The kinds of objects that discovery reads from the Kubernetes API: a closed list, so that it can be a metric label. */

/** Without these there is nothing to probe. */
export const REQUIRED_RESOURCES = ["services", "endpointslices"] as const;

/** Those that some clusters do not have, or do not let the agent read; it goes on without. */
export const OPTIONAL_RESOURCES = [
  "gatewayclasses",
  "gateways",
  "tcproutes",
  "tlsroutes",
  "udproutes",
  "loadbalancerconfigurations",
  "targetgroupconfigurations",
  "targetgroupbindings.elbv2.k8s.aws",
  "targetgroupbindings.eks.amazonaws.com",
] as const;

export type OptionalResourceName = (typeof OPTIONAL_RESOURCES)[number];
export type KubernetesResource = (typeof REQUIRED_RESOURCES)[number] | OptionalResourceName;

/** `missing`: the cluster has no such kind; `forbidden`: it may not be listed. */
export const RESOURCE_STATES = ["watched", "missing", "forbidden"] as const;
export type ResourceState = (typeof RESOURCE_STATES)[number];
