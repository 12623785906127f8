/** Definitions of the custom resources that discovery reads, as open as they can be: what they hold is its matter, not theirs. */
import { KINDS, type ResourceKind } from "../../lab/cluster/kinds.ts";

const OPEN = { type: "object", "x-kubernetes-preserve-unknown-fields": true } as const;

const definitionOf = ({ resource, group, version, kind, singular, shortNames, namespaced }: ResourceKind) => ({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: {
    name: `${resource}.${group}`,
    // Groups below k8s.io are guarded; these are the names that the projects have there.
    annotations: { "api-approved.kubernetes.io": "unapproved, a definition for tests" },
  },
  spec: {
    group,
    scope: namespaced ? "Namespaced" : "Cluster",
    names: { plural: resource, singular, kind, shortNames },
    versions: [{ name: version, served: true, storage: true, schema: { openAPIV3Schema: OPEN } }],
  },
});

/** The same ones that the lab's API server has. */
export const CUSTOM_RESOURCES = Object.values(KINDS)
  .filter(({ group }) => group !== "" && group !== "discovery.k8s.io")
  .map(definitionOf);
