import type { EndpointSlice, KubeObject, Service } from "./objects.ts";

/** The columns that `kubectl get` prints: the server makes them (Table of meta.k8s.io/v1). */
interface Column {
  readonly name: string;
  readonly cell: (object: KubeObject) => string;
}

const age = ({ metadata }: KubeObject): string => {
  const seconds = Math.max(0, Math.round((Date.now() - Date.parse(metadata.creationTimestamp ?? "")) / 1000));
  return seconds < 120 ? `${seconds}s` : `${Math.floor(seconds / 60)}m`;
};

const NAME: Column = { name: "Name", cell: ({ metadata }) => metadata.name };
const AGE: Column = { name: "Age", cell: age };

const COLUMNS: Readonly<Record<string, readonly Column[]>> = {
  services: [
    NAME,
    { name: "Type", cell: (object) => (object as Service).spec.type },
    { name: "Cluster-IP", cell: (object) => (object as Service).spec.clusterIP },
    { name: "External-IP", cell: (object) => (object as Service).status?.loadBalancer?.ingress?.[0]?.hostname ?? "<none>" },
    {
      name: "Port(s)",
      cell: (object) =>
        (object as Service).spec.ports
          .map(({ port, nodePort, protocol }) => `${port}${nodePort === undefined ? "" : `:${nodePort}`}/${protocol}`)
          .join(","),
    },
    AGE,
  ],
  endpointslices: [
    NAME,
    { name: "AddressType", cell: (object) => (object as EndpointSlice).addressType },
    { name: "Ports", cell: (object) => (object as EndpointSlice).ports.map(({ port }) => port).join(",") },
    {
      name: "Endpoints",
      cell: (object) => (object as EndpointSlice).endpoints.flatMap(({ addresses }) => addresses).join(",") || "<unset>",
    },
    AGE,
  ],
};

export function tableOf(resource: string, objects: readonly KubeObject[], version: number): object {
  const columns = COLUMNS[resource] ?? [NAME, AGE];
  return {
    kind: "Table",
    apiVersion: "meta.k8s.io/v1",
    metadata: { resourceVersion: String(version) },
    columnDefinitions: columns.map(({ name }) => ({
      name,
      type: "string",
      format: name === "Name" ? "name" : "",
      description: "",
      priority: 0,
    })),
    rows: objects.map((object) => ({
      cells: columns.map(({ cell }) => cell(object)),
      object: { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata: object.metadata },
    })),
  };
}
