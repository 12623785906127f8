/** What a client reads before its first request: which groups, versions and resources there are. */
import { KINDS, type ResourceKind } from "./objects.ts";

const VERBS = ["create", "delete", "get", "list", "patch", "update", "watch"] as const;

const resourceOf = ({ resource, singular, kind, shortNames }: ResourceKind): object => ({
  name: resource,
  singularName: singular,
  namespaced: true,
  kind,
  verbs: VERBS,
  ...(shortNames.length === 0 ? {} : { shortNames }),
});

const resourceList = (groupVersion: string, resources: readonly object[]): object => ({
  kind: "APIResourceList",
  apiVersion: "v1",
  groupVersion,
  resources,
});

const GROUP_VERSION = { groupVersion: KINDS.endpointslices.apiVersion, version: "v1" };
const DISCOVERY_GROUP = { name: KINDS.endpointslices.group, versions: [GROUP_VERSION], preferredVersion: GROUP_VERSION };
const { kind, resource } = KINDS.services;
const SERVICE_STATUS = {
  name: `${resource}/status`,
  singularName: "",
  namespaced: true,
  kind,
  verbs: ["get", "patch", "update"],
};

const OPENAPI_3 = "/openapi/v3";
const openApiPath = ({ apiVersion, group }: ResourceKind): string => `${group === "" ? "api" : "apis"}/${apiVersion}`;

/**
 * The least that makes kubectl send its objects as they are and leave their validation to the server: without it, `apply` and
 * `edit` refuse to work. There are no schemas; kubectl knows Services and EndpointSlices by its own tables.
 *
 * @see k8s.io/cli-runtime, pkg/resource/query_param_verifier_v3.go.
 */
function openApiDocument({ resource, apiVersion, group, kind }: ResourceKind): object {
  const path = `/${openApiPath(KINDS[resource])}/namespaces/{namespace}/${resource}/{name}`;
  const patch = {
    "x-kubernetes-action": "patch",
    "x-kubernetes-group-version-kind": { group, version: "v1", kind },
    parameters: [{ name: "fieldValidation", in: "query", schema: { type: "string" } }],
    responses: {},
  };
  return { openapi: "3.0.0", info: { title: apiVersion, version: "v1" }, paths: { [path]: { patch } } };
}

/**
 * By path.
 *
 * @see Kubernetes API concepts, "Discovery API", the unaggregated form.
 */
export const DOCUMENTS: ReadonlyMap<string, object> = new Map<string, object>([
  ["/api", { kind: "APIVersions", versions: ["v1"], serverAddressByClientCIDRs: [] }],
  ["/api/v1", resourceList("v1", [resourceOf(KINDS.services), SERVICE_STATUS])],
  ["/apis", { kind: "APIGroupList", apiVersion: "v1", groups: [DISCOVERY_GROUP] }],
  [`/apis/${KINDS.endpointslices.group}`, { kind: "APIGroup", apiVersion: "v1", ...DISCOVERY_GROUP }],
  [`/apis/${KINDS.endpointslices.apiVersion}`, resourceList(KINDS.endpointslices.apiVersion, [resourceOf(KINDS.endpointslices)])],
  ["/version", { major: "1", minor: "33", gitVersion: "v1.33.0", platform: "linux/amd64" }],
  [
    OPENAPI_3,
    {
      paths: Object.fromEntries(
        Object.values(KINDS).map((each) => [openApiPath(each), { serverRelativeURL: `${OPENAPI_3}/${openApiPath(each)}` }]),
      ),
    },
  ],
  ...Object.values(KINDS).map((each) => [`${OPENAPI_3}/${openApiPath(each)}`, openApiDocument(each)] as const),
]);
