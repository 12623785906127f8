import { ApiError } from "./api-error.ts";
import { type JsonPatch, jsonPatch, parseJsonPatch } from "./json-patch.ts";
import { isRecord } from "./objects.ts";
import { strategicMerge } from "./strategic-merge.ts";

type Apply = (object: Readonly<Record<string, unknown>>, patch: unknown) => unknown;

/** By media type. Server-side apply is not among them: it needs field ownership, which the lab has no use for. */
const PATCHES: Readonly<Record<string, Apply>> = {
  "application/merge-patch+json": (object, patch) => mergePatch(object, expectRecord(patch)),
  "application/strategic-merge-patch+json": (object, patch) => strategicMerge(object, expectRecord(patch)),
  "application/json-patch+json": (object, patch) => jsonPatch(object, parseJsonPatch(patch) satisfies JsonPatch),
};

/**
 * The object with a patch applied, as the request's media type says.
 *
 * @throws ApiError UnsupportedMediaType; BadRequest for a patch that is none of its type; Invalid for one that does not fit.
 */
export function applyPatch(object: Readonly<Record<string, unknown>>, patch: unknown, contentType: string): unknown {
  const mediaType = contentType.split(";")[0]?.trim().toLowerCase() ?? "";
  const apply = PATCHES[mediaType];
  if (apply === undefined) {
    const expected = Object.keys(PATCHES).join(", ");
    throw new ApiError("UnsupportedMediaType", `patch: got media type ${JSON.stringify(mediaType)}, expected ${expected}`);
  }
  return apply(object, patch);
}

/** RFC 7386: maps merge, null deletes, everything else replaces. */
function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch;
  const merged: Record<string, unknown> = isRecord(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else merged[key] = mergePatch(merged[key], value);
  }
  return merged;
}

function expectRecord(patch: unknown): Record<string, unknown> {
  if (!isRecord(patch))
    throw new ApiError("BadRequest", `patch: got ${JSON.stringify(patch)?.slice(0, 100)}, expected an object`);
  return patch;
}
