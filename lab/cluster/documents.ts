/** What a client reads before its first request: which groups, versions and resources there are. */
import { KINDS, prefixOf, type ResourceKind } from "./kinds.ts";

const VERBS = ["create", "delete", "get", "list", "patch", "update", "watch"] as const;
const ALL = Object.values(KINDS);

const resourceOf = ({ resource, singular, kind, shortNames, namespaced }: ResourceKind): object => ({
  name: resource,
  singularName: singular,
  namespaced,
  kind,
  verbs: VERBS,
  ...(shortNames.length === 0 ? {} : { shortNames }),
});

const SERVICE_STATUS = {
  name: `${KINDS.services.resource}/status`,
  singularName: "",
  namespaced: true,
  kind: KINDS.services.kind,
  verbs: ["get", "patch", "update"],
};

/** What one version of a group has. */
function resourceList(groupVersion: string): object {
  const resources = ALL.filter(({ apiVersion }) => apiVersion === groupVersion).map(resourceOf);
  const others = groupVersion === KINDS.services.apiVersion ? [SERVICE_STATUS] : [];
  return { kind: "APIResourceList", apiVersion: "v1", groupVersion, resources: [...resources, ...others] };
}

/** Groups besides the core one, each with the versions it has. */
const GROUPS = [...new Set(ALL.map(({ group }) => group))]
  .filter((group) => group !== "")
  .map((name) => {
    const kinds = ALL.filter(({ group }) => group === name);
    const versions = [
      ...new Map(kinds.map(({ apiVersion: groupVersion, version }) => [version, { groupVersion, version }])).values(),
    ];
    return { name, versions, preferredVersion: versions[0] };
  });

const OPENAPI_3 = "/openapi/v3";
const openApiPath = (kind: ResourceKind): string => prefixOf(kind).slice(1);

/**
 * The least that makes kubectl send its objects as they are and leave their validation to the server: without it, `apply` and
 * `edit` refuse to work. There are no schemas; kubectl knows Services and EndpointSlices by its own tables.
 *
 * @see k8s.io/cli-runtime, pkg/resource/query_param_verifier_v3.go.
 */
function openApiDocument(document: string): object {
  const kinds = ALL.filter((kind) => openApiPath(kind) === document);
  const paths = kinds.map(({ resource, group, version, kind, namespaced }) => {
    const patch = {
      "x-kubernetes-action": "patch",
      "x-kubernetes-group-version-kind": { group, version, kind },
      parameters: [{ name: "fieldValidation", in: "query", schema: { type: "string" } }],
      responses: {},
    };
    return [`/${document}${namespaced ? "/namespaces/{namespace}" : ""}/${resource}/{name}`, { patch }] as const;
  });
  return { openapi: "3.0.0", info: { title: document, version: "v1" }, paths: Object.fromEntries(paths) };
}

const OPENAPI_DOCUMENTS = [...new Set(ALL.map(openApiPath))];

/**
 * By path.
 *
 * @see Kubernetes API concepts, "Discovery API", the unaggregated form.
 */
export const DOCUMENTS: ReadonlyMap<string, object> = new Map<string, object>([
  ["/api", { kind: "APIVersions", versions: ["v1"], serverAddressByClientCIDRs: [] }],
  ["/apis", { kind: "APIGroupList", apiVersion: "v1", groups: GROUPS }],
  ...GROUPS.map((group) => [`/apis/${group.name}`, { kind: "APIGroup", apiVersion: "v1", ...group }] as const),
  ...[...new Map(ALL.map((kind) => [prefixOf(kind), kind.apiVersion]))].map(
    ([path, groupVersion]) => [path, resourceList(groupVersion)] as const,
  ),
  ["/version", { major: "1", minor: "35", gitVersion: "v1.35.0", platform: "linux/amd64" }],
  [
    OPENAPI_3,
    { paths: Object.fromEntries(OPENAPI_DOCUMENTS.map((path) => [path, { serverRelativeURL: `${OPENAPI_3}/${path}` }])) },
  ],
  ...OPENAPI_DOCUMENTS.map((path) => [`${OPENAPI_3}/${path}`, openApiDocument(path)] as const),
]);
