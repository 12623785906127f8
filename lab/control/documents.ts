/** What kubectl asks a server first: which groups, versions and resources it has (API discovery, unaggregated form). */

const VERBS = ["create", "delete", "get", "list", "patch", "update", "watch"];

const resource = (name: string, singularName: string, kind: string, shortNames: readonly string[]) => ({
  name,
  singularName,
  namespaced: true,
  kind,
  verbs: VERBS,
  shortNames,
});

const GROUP = {
  name: "discovery.k8s.io",
  versions: [{ groupVersion: "discovery.k8s.io/v1", version: "v1" }],
  preferredVersion: { groupVersion: "discovery.k8s.io/v1", version: "v1" },
};

export const DOCUMENTS: Readonly<Record<string, object>> = {
  "/version": { major: "1", minor: "35", gitVersion: "v1.35.0-lab", platform: "linux/amd64" },
  "/api": { kind: "APIVersions", versions: ["v1"] },
  "/apis": { kind: "APIGroupList", apiVersion: "v1", groups: [GROUP] },
  "/apis/discovery.k8s.io": { kind: "APIGroup", apiVersion: "v1", ...GROUP },
  "/api/v1": {
    kind: "APIResourceList",
    groupVersion: "v1",
    resources: [
      resource("services", "service", "Service", ["svc"]),
      { name: "services/status", singularName: "", namespaced: true, kind: "Service", verbs: ["get", "patch", "update"] },
    ],
  },
  "/apis/discovery.k8s.io/v1": {
    kind: "APIResourceList",
    groupVersion: "discovery.k8s.io/v1",
    resources: [resource("endpointslices", "endpointslice", "EndpointSlice", [])],
  },
  "/readyz": { status: "ok" },
};
