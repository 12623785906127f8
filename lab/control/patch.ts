import { ApiError } from "./store.ts";

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

const isMapping = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * Applies a patch by its content type: JSON merge patch (RFC 7396), strategic merge patch (a list of ports is merged by port and
 * protocol, any other list replaced), JSON patch (RFC 6902: add, replace, remove, test).
 *
 * @throws ApiError 415 for another type, 422 for an operation that cannot be applied.
 */
export function applyPatch(object: unknown, patch: unknown, contentType: string): unknown {
  switch (contentType.split(";")[0]) {
    case "application/merge-patch+json":
      return merge(object, patch, false);
    case "application/strategic-merge-patch+json":
      return merge(object, patch, true);
    case "application/json-patch+json":
      return jsonPatch(object, patch);
    default:
      throw new ApiError(415, "UnsupportedMediaType", `no patch type: ${contentType}`);
  }
}

function merge(target: unknown, patch: unknown, strategic: boolean): unknown {
  if (!isMapping(patch)) return patch;
  const result: Record<string, unknown> = isMapping(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    // Directives such as $setElementOrder say how lists are ordered, which nobody here depends on.
    if (strategic && key.startsWith("$")) continue;
    if (value === null) delete result[key];
    else if (strategic && key === "ports" && Array.isArray(value)) result[key] = mergePorts(result[key], value);
    else result[key] = merge(result[key], value, strategic);
  }
  return result;
}

function mergePorts(target: unknown, patch: readonly unknown[]): readonly unknown[] {
  const keyOf = (port: unknown) => (isMapping(port) ? `${port.port}/${port.protocol ?? "TCP"}` : "");
  const ports = new Map((Array.isArray(target) ? target : []).map((port: unknown) => [keyOf(port), port]));
  for (const port of patch) {
    if (isMapping(port) && port.$patch === "delete") ports.delete(keyOf(port));
    else ports.set(keyOf(port), merge(ports.get(keyOf(port)), port, true));
  }
  return [...ports.values()];
}

function jsonPatch(object: unknown, operations: unknown): unknown {
  if (!Array.isArray(operations)) throw new ApiError(400, "BadRequest", "a JSON patch is a list of operations");
  const result = structuredClone(object) as Json;
  for (const operation of operations as readonly { op: string; path: string; value?: unknown }[]) {
    const keys = operation.path
      .split("/")
      .slice(1)
      .map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"));
    const last = keys.pop();
    let parent: unknown = result;
    for (const key of keys)
      parent = isMapping(parent) || Array.isArray(parent) ? (parent as Record<string, unknown>)[key] : undefined;
    if (last === undefined || (!isMapping(parent) && !Array.isArray(parent))) {
      throw new ApiError(422, "Invalid", `the path ${operation.path} does not exist`);
    }
    const holder = parent as Record<string, unknown>;
    if (operation.op === "remove") {
      if (!(last in holder)) throw new ApiError(422, "Invalid", `the path ${operation.path} does not exist`);
      delete holder[last];
    } else if (operation.op === "add" || operation.op === "replace") holder[last] = operation.value;
    else if (operation.op === "test") {
      if (JSON.stringify(holder[last]) !== JSON.stringify(operation.value))
        throw new ApiError(422, "Invalid", `test of ${operation.path} failed`);
    } else throw new ApiError(422, "Invalid", `unknown operation ${operation.op}`);
  }
  return result;
}
