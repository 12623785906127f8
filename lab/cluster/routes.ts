import { ApiError } from "./api-error.ts";
import { KINDS, prefixOf, type ResourceName } from "./kinds.ts";
import type { KubeObject } from "./objects.ts";
import { fieldSelector, labelSelector, type Selects } from "./selectors.ts";

export type Verb = "list" | "watch" | "get" | "create" | "update" | "patch" | "delete";

/** What a request asks for. */
export interface Route {
  readonly verb: Verb;
  readonly resource: ResourceName;
  /** `undefined`: all of them. */
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly isStatus: boolean;
}

/** An object's route: both parts of its identity are there. */
export type ObjectRoute = Route & { readonly namespace: string; readonly name: string };

/** By `PREFIX/RESOURCE`. */
const PATHS = new Map(Object.values(KINDS).map((kind) => [`${prefixOf(kind)}/${kind.resource}`, kind]));

/**
 * Reads method and path.
 *
 * @throws ApiError NotFound for a path that is no resource; MethodNotAllowed for a method that the path does not take.
 * @see Kubernetes API concepts, "Resource URIs".
 */
export function routeOf(method: string, path: string, query: URLSearchParams): Route {
  const match = /^(\/api\/v1|\/apis\/[^/]+\/[a-z0-9]+)(?:\/namespaces\/([^/]+))?\/([a-z]+)(?:\/([^/]+))?(\/status)?$/.exec(path);
  const [, prefix = "", named, plural = "", name, status] = match ?? [];
  const kind = PATHS.get(`${prefix}/${plural}`);
  if (kind === undefined || (named !== undefined && !kind.namespaced)) throw unknownPath(path);
  const { resource } = kind;
  const namespace = kind.namespaced ? named : "";
  const isStatus = status !== undefined;
  if ((name !== undefined && namespace === undefined) || (isStatus && resource !== "services")) throw unknownPath(path);
  const verb = verbOf(method, name !== undefined, ["1", "true"].includes(query.get("watch") ?? ""));
  if (verb === undefined || (verb === "create" && namespace === undefined) || (isStatus && verb === "delete")) {
    throw new ApiError("MethodNotAllowed", `the server does not allow ${method} on ${path}`);
  }
  const decoded = (part: string | undefined) => (part === undefined ? undefined : decodePart(part));
  return { verb, resource, namespace: decoded(namespace), name: decoded(name), isStatus };
}

function verbOf(method: string, isNamed: boolean, isWatch: boolean): Verb | undefined {
  if (method === "GET") return isWatch ? "watch" : isNamed ? "get" : "list";
  if (method === "POST") return isNamed ? undefined : "create";
  if (!isNamed) return undefined;
  return ({ PUT: "update", PATCH: "patch", DELETE: "delete" } as const)[method];
}

function decodePart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new ApiError("BadRequest", `path: got ${JSON.stringify(part)}, expected percent-encoded UTF-8`);
  }
}

const unknownPath = (path: string): ApiError =>
  new ApiError("NotFound", `the server could not find the requested resource: ${path.slice(0, 200)}`);

/**
 * Which objects a list or watch is about.
 *
 * @throws ApiError BadRequest for a selector that cannot be read.
 */
export function selectionOf({ resource, namespace, name }: Route, query: URLSearchParams): Selects {
  const labels = labelSelector(query.get("labelSelector") ?? "");
  const fields = fieldSelector(query.get("fieldSelector") ?? "", resource);
  return (object: KubeObject) =>
    (namespace === undefined || object.metadata.namespace === namespace) &&
    (name === undefined || object.metadata.name === name) &&
    labels(object) &&
    fields(object);
}

/**
 * A whole number of a query.
 *
 * @returns `undefined` when it is not there, or empty.
 * @throws ApiError BadRequest.
 */
export function wholeNumber(query: URLSearchParams, parameter: string): number | undefined {
  const text = query.get(parameter) ?? "";
  if (text === "") return undefined;
  if (!/^\d{1,15}$/.test(text)) {
    throw new ApiError("BadRequest", `${parameter}: got ${JSON.stringify(text.slice(0, 100))}, expected a whole number`);
  }
  return Number(text);
}
