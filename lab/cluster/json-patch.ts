import { isDeepStrictEqual } from "node:util";
import * as v from "valibot";
import { ApiError } from "./api-error.ts";
import { isRecord } from "./objects.ts";

/** The API server's own bound. @see k8s.io/apiserver, endpoints/handlers/patch.go, maxJSONPatchOperations. */
const MAX_OPERATIONS = 10_000;

const pointer = v.pipe(v.string(), v.regex(/^(\/|$)/, "a JSON pointer"));
const patchSchema = v.pipe(
  v.array(
    v.variant("op", [
      v.object({ op: v.picklist(["add", "replace", "test"]), path: pointer, value: v.unknown() }),
      v.object({ op: v.literal("remove"), path: pointer }),
    ]),
  ),
  v.maxLength(MAX_OPERATIONS),
);

/** RFC 6902, without `move` and `copy`. */
export type JsonPatch = v.InferOutput<typeof patchSchema>;
type Operation = JsonPatch[number];

/** @throws ApiError BadRequest. */
export function parseJsonPatch(patch: unknown): JsonPatch {
  const parsed = v.safeParse(patchSchema, patch);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  throw new ApiError("BadRequest", `patch: ${v.getDotPath(issue) ?? "JSON patch"}: ${issue.message}`);
}

/** @throws ApiError Invalid when a path is not there or a `test` does not hold; then nothing of the patch is done. */
export function jsonPatch(object: unknown, patch: JsonPatch): unknown {
  return patch.reduce((result, operation) => applyAt(result, tokensOf(operation.path), operation), object);
}

/** @see RFC 6901 section 4 for the escapes. */
const tokensOf = (path: string): readonly string[] =>
  path
    .split("/")
    .slice(1)
    .map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));

function applyAt(target: unknown, [token, ...rest]: readonly string[], operation: Operation): unknown {
  if (token === undefined) return applyHere(target, operation);
  if (Array.isArray(target)) return applyInList(target, token, rest, operation);
  if (!isRecord(target)) throw missing(operation);
  const isThere = Object.hasOwn(target, token);
  if (rest.length > 0 || operation.op === "test") {
    if (!isThere) throw missing(operation);
    return { ...target, [token]: applyAt(target[token], rest, operation) };
  }
  if (operation.op !== "add" && !isThere) throw missing(operation);
  if (operation.op !== "remove") return { ...target, [token]: operation.value };
  const { [token]: _, ...others } = target;
  return others;
}

function applyInList(target: readonly unknown[], token: string, rest: readonly string[], operation: Operation): unknown {
  const isNew = operation.op === "add" && rest.length === 0;
  const index = token === "-" && isNew ? target.length : /^(0|[1-9]\d{0,9})$/.test(token) ? Number(token) : -1;
  if (index < 0 || index > target.length - (isNew ? 0 : 1)) throw missing(operation);
  if (isNew) return target.toSpliced(index, 0, operation.value);
  if (operation.op === "remove" && rest.length === 0) return target.toSpliced(index, 1);
  return target.with(index, applyAt(target[index], rest, operation));
}

function applyHere(target: unknown, operation: Operation): unknown {
  if (operation.op === "remove") throw missing(operation);
  if (operation.op !== "test") return operation.value;
  if (isDeepStrictEqual(target, operation.value)) return target;
  throw new ApiError("Invalid", `the server rejected our request: testing path ${operation.path}: the value differs`);
}

const missing = ({ op, path }: Operation): ApiError =>
  new ApiError(
    "Invalid",
    `the server rejected our request: ${op} operation does not apply: path ${JSON.stringify(path)} is missing`,
  );
