/** Objects as rows, which is what `kubectl get` asks the server for. @see Kubernetes API concepts, "Receiving resources as Tables". */
import type { ResourceName } from "./kinds.ts";
import { type KubeObject, toEndpointSlice, toService } from "./objects.ts";

interface Column {
  readonly name: string;
  readonly type: "string";
  readonly format: "" | "name";
  readonly description: string;
  /** Above 0: shown with `-o wide` only. */
  readonly priority: 0 | 1;
}

const column = (name: string, description: string, priority: 0 | 1 = 0): Column => ({
  name,
  type: "string",
  format: name === "Name" ? "name" : "",
  description,
  priority,
});

const CUSTOM_COLUMNS = [column("Name", "Name of the object"), column("Age", "Time since creation")];
const COLUMNS: Readonly<Partial<Record<ResourceName, readonly Column[]>>> = {
  services: [
    column("Name", "Name of the Service"),
    column("Type", "How the Service is exposed"),
    column("Cluster-IP", "Virtual address within the cluster"),
    column("External-IP", "Name or address of the load balancer"),
    column("Port(s)", "Ports, with their node ports"),
    column("Age", "Time since creation"),
    column("Selector", "Labels of the pods", 1),
  ],
  endpointslices: [
    column("Name", "Name of the EndpointSlice"),
    column("AddressType", "Kind of address"),
    column("Ports", "Ports of the endpoints"),
    column("Endpoints", "Addresses, ready or not"),
    column("Age", "Time since creation"),
  ],
};

const MAX_LISTED = 3;

/** How much of the object goes with its row: `includeObject` of the request. */
export type IncludeObject = "None" | "Metadata" | "Object";

/**
 * A `Table` of objects.
 *
 * @param metadata - Version and continue token of the list.
 */
export function tableOf(
  resource: ResourceName,
  objects: readonly KubeObject[],
  { metadata, now, includeObject }: { readonly metadata: object; readonly now: Date; readonly includeObject: IncludeObject },
): object {
  return {
    kind: "Table",
    apiVersion: "meta.k8s.io/v1",
    metadata,
    columnDefinitions: COLUMNS[resource] ?? CUSTOM_COLUMNS,
    rows: objects.map((object) => ({
      cells: cellsOf(resource, object, now),
      ...included(object, includeObject),
    })),
  };
}

function cellsOf(resource: ResourceName, object: KubeObject, now: Date): readonly string[] {
  if (resource === "services") return serviceCells(object, now);
  if (resource === "endpointslices") return sliceCells(object, now);
  return [object.metadata.name, ageOf(object.metadata.creationTimestamp, now)];
}

function included(object: KubeObject, includeObject: IncludeObject): object {
  if (includeObject === "None") return {};
  if (includeObject === "Object") return { object };
  return { object: { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata: object.metadata } };
}

function serviceCells(object: KubeObject, now: Date): readonly string[] {
  const { metadata, spec, status } = toService(object);
  const ingress = (status?.loadBalancer?.ingress ?? []).map(({ hostname, ip }) => ip ?? hostname ?? "");
  const none = spec.type === "LoadBalancer" ? "<pending>" : "<none>";
  const ports = spec.ports.map(
    ({ port, nodePort, protocol }) => `${port}${nodePort === undefined ? "" : `:${nodePort}`}/${protocol ?? "TCP"}`,
  );
  const selector = Object.entries(spec.selector ?? {}).map(([key, value]) => `${key}=${value}`);
  return [
    metadata.name,
    spec.type,
    spec.clusterIP ?? "<none>",
    ingress.join(",") || none,
    ports.join(",") || "<none>",
    ageOf(metadata.creationTimestamp, now),
    selector.join(",") || "<none>",
  ];
}

function sliceCells(object: KubeObject, now: Date): readonly string[] {
  const { metadata, addressType, ports, endpoints } = toEndpointSlice(object);
  const addresses = endpoints.flatMap((endpoint) => endpoint.addresses);
  return [
    metadata.name,
    addressType,
    listed(ports.map(({ port }) => (port === undefined ? "*" : String(port)))),
    listed(addresses),
    ageOf(metadata.creationTimestamp, now),
  ];
}

function listed(items: readonly string[]): string {
  if (items.length === 0) return "<unset>";
  const shown = items.slice(0, MAX_LISTED).join(",");
  return items.length > MAX_LISTED ? `${shown} + ${items.length - MAX_LISTED} more...` : shown;
}

const UNITS = [
  { unit: "d", seconds: 86_400, from: 2 * 86_400 },
  { unit: "h", seconds: 3_600, from: 3 * 3_600 },
  { unit: "m", seconds: 60, from: 2 * 60 },
] as const;

/** As kubectl shows ages: one unit, and the next coarser one only when there are a few of it. */
function ageOf(timestamp: string | undefined, now: Date): string {
  if (timestamp === undefined) return "<unknown>";
  const seconds = Math.max(0, Math.floor((now.getTime() - Date.parse(timestamp)) / 1000));
  const coarse = UNITS.find(({ from }) => seconds >= from);
  return coarse === undefined ? `${seconds}s` : `${Math.floor(seconds / coarse.seconds)}${coarse.unit}`;
}

/**
 * Whether the client prefers a Table, by its Accept header.
 *
 * @returns Which representation: the first of the header's that the server has; "none" when it has none of them.
 */
export function preferredForm(accept: string): "object" | "table" | "none" {
  if (accept.trim() === "") return "object";
  for (const range of accept.split(",")) {
    const [type = "", ...parameters] = range.split(";").map((part) => part.trim());
    const values = Object.fromEntries(parameters.map((parameter) => parameter.split("=")));
    if (!["application/json", "application/*", "*/*"].includes(type)) continue;
    if (values.as === undefined) return "object";
    if (values.as === "Table" && values.g === "meta.k8s.io" && values.v === "v1") return "table";
  }
  return "none";
}

export const includeObjectOf = (text: string | null): IncludeObject => (text === "None" || text === "Object" ? text : "Metadata");
