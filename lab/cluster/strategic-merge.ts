import { ApiError } from "./api-error.ts";
import { isRecord } from "./objects.ts";

/**
 * Lists that merge instead of being replaced, by their path, with the key that tells their items apart; "" for lists of plain
 * values, which merge as sets. Those of Services; the lists of an EndpointSlice are all replaced whole.
 *
 * @see k8s.io/api, core/v1/types.go, the patchMergeKey tags.
 */
const MERGED_LISTS: Readonly<Record<string, string>> = {
  "spec.ports": "port",
  "status.conditions": "type",
  "metadata.finalizers": "",
  "metadata.ownerReferences": "uid",
};

const PATCH = "$patch";
const DELETE_FROM = "$deleteFromPrimitiveList/";
const ORDER_OF = "$setElementOrder/";
const RETAIN = "$retainKeys";

/**
 * Kubernetes' own patch: a merge patch (RFC 7386) that also merges some lists, and carries directives for deleting and ordering.
 *
 * @throws ApiError BadRequest for a directive that is unknown or an item without its merge key.
 * @see Kubernetes community, contributors/devel/sig-api-machinery/strategic-merge-patch.md.
 */
export const strategicMerge = (target: Readonly<Record<string, unknown>>, patch: Record<string, unknown>): unknown =>
  mergeMap(target, patch, "");

function mergeMap(target: Readonly<Record<string, unknown>>, patch: Readonly<Record<string, unknown>>, path: string): unknown {
  const directive = patch[PATCH];
  if (directive === "delete") return {};
  if (directive === "replace") return withoutDirectives(patch);
  if (directive !== undefined && directive !== "merge") throw wrong(`${path}.${PATCH}`, directive, "delete, merge or replace");

  const retained = listOrNothing(patch[RETAIN], `${path}.${RETAIN}`);
  const merged: Record<string, unknown> = Object.fromEntries(
    Object.entries(target).filter(([key]) => retained === undefined || retained.includes(key)),
  );
  for (const [key, value] of Object.entries(withoutDirectives(patch))) {
    const inner = path === "" ? key : `${path}.${key}`;
    if (value === null) delete merged[key];
    else merged[key] = mergeValue(merged[key], value, inner);
  }
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith(DELETE_FROM)) removeFrom(merged, key.slice(DELETE_FROM.length), value, `${path}.${key}`);
    if (key.startsWith(ORDER_OF)) reorder(merged, key.slice(ORDER_OF.length), value, path);
  }
  return merged;
}

function mergeValue(present: unknown, value: unknown, path: string): unknown {
  if (isRecord(value)) return mergeMap(isRecord(present) ? present : {}, value, path);
  const mergeKey = MERGED_LISTS[path];
  if (!Array.isArray(value) || mergeKey === undefined) return value;
  const items: readonly unknown[] = Array.isArray(present) ? present : [];
  return mergeKey === "" ? [...new Set([...items, ...value])] : mergeItems(items, value, path, mergeKey);
}

function mergeItems(present: readonly unknown[], patch: readonly unknown[], path: string, mergeKey: string): unknown[] {
  if (patch.some((item) => isRecord(item) && item[PATCH] === "replace" && Object.keys(item).length === 1)) {
    return patch.filter((item) => !(isRecord(item) && item[PATCH] === "replace"));
  }
  let items = [...present];
  for (const item of patch) {
    const key = isRecord(item) ? item[mergeKey] : undefined;
    if (!isRecord(item) || key === undefined) throw wrong(path, item, `an item with its merge key ${mergeKey}`);
    const matches = (other: unknown) => isRecord(other) && other[mergeKey] === key;
    if (item[PATCH] === "delete") items = items.filter((other) => !matches(other));
    else if (items.some(matches)) items = items.map((other) => (matches(other) ? mergeValue(other, item, `${path}[]`) : other));
    else items.push(mergeValue({}, item, `${path}[]`));
  }
  return items;
}

function removeFrom(merged: Record<string, unknown>, key: string, values: unknown, path: string): void {
  const removed = listOrNothing(values, path) ?? [];
  const present = merged[key];
  if (Array.isArray(present)) merged[key] = present.filter((item) => !removed.includes(item));
}

/** Items that the order names come in that order; those that it does not name keep their place at the end. */
function reorder(merged: Record<string, unknown>, key: string, order: unknown, path: string): void {
  const present = merged[key];
  if (!Array.isArray(present)) return;
  const mergeKey = MERGED_LISTS[path === "" ? key : `${path}.${key}`] ?? "";
  const identity = (item: unknown) => (isRecord(item) && mergeKey !== "" ? item[mergeKey] : item);
  const wanted = (listOrNothing(order, `${path}.${ORDER_OF}${key}`) ?? []).map(identity);
  const place = (item: unknown) => {
    const index = wanted.indexOf(identity(item));
    return index < 0 ? wanted.length : index;
  };
  merged[key] = present.toSorted((a, b) => place(a) - place(b));
}

const withoutDirectives = (patch: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(patch).filter(([key]) => !key.startsWith("$")));

function listOrNothing(value: unknown, path: string): readonly unknown[] | undefined {
  if (value === undefined || Array.isArray(value)) return value;
  throw wrong(path, value, "a list");
}

const wrong = (path: string, value: unknown, expected: string): ApiError =>
  new ApiError("BadRequest", `patch: ${path.replace(/^\./, "")}: got ${JSON.stringify(value)}, expected ${expected}`);
