import { ApiError } from "./api-error.ts";
import type { ResourceName } from "./kinds.ts";
import { isRecord, type KubeObject } from "./objects.ts";
import type { Change, ChangeType } from "./store.ts";

export type Selects = (object: KubeObject) => boolean;

const MAX_SELECTOR = 64 * 1024;

/** Fields that can be selected by. @see pkg/apis/core/v1/conversion.go in kubernetes/kubernetes for those of Services. */
const fieldsOf = (resource: ResourceName): readonly string[] => [
  "metadata.name",
  "metadata.namespace",
  ...(resource === "services" ? ["spec.type", "spec.clusterIP"] : []),
];

/**
 * A label selector: `a=b`, `a==b`, `a!=b`, `a in (b,c)`, `a notin (b,c)`, `a`, `!a`, joined by commas. An object without the
 * label matches `!=` and `notin`. Empty text selects everything.
 *
 * @throws ApiError BadRequest for anything else.
 * @see Kubernetes, "Labels and Selectors".
 */
export function labelSelector(text: string): Selects {
  const requirements = termsOf(text, "labelSelector").map(labelRequirement);
  return ({ metadata: { labels = {} } }) => requirements.every(({ key, test }) => test(labels[key]));
}

function labelRequirement(term: string): { key: string; test: (value: string | undefined) => boolean } {
  const set = /^([^\s!=(),]+)\s+(in|notin)\s*\(([^()]*)\)$/.exec(term);
  if (set !== null) {
    const [, key = "", operator, list = ""] = set;
    const values = new Set<string | undefined>(list.split(",").map((value) => value.trim()));
    return { key, test: (value) => values.has(value) === (operator === "in") };
  }
  const equality = /^([^\s!=(),]+)\s*(==?|!=)\s*([^\s!=(),]*)$/.exec(term);
  if (equality !== null) {
    const [, key = "", operator, wanted = ""] = equality;
    return { key, test: (value) => (value === wanted) === (operator !== "!=") };
  }
  const existence = /^(!?)\s*([^\s!=(),]+)$/.exec(term);
  if (existence !== null) {
    const [, not, key = ""] = existence;
    return { key, test: (value) => (value === undefined) === (not === "!") };
  }
  throw new ApiError("BadRequest", `unable to parse requirement ${JSON.stringify(term)} of the labelSelector`);
}

/**
 * A field selector: `path=value`, `path==value`, `path!=value`, joined by commas, over the fields that the resource knows.
 *
 * @throws ApiError BadRequest for anything else.
 */
export function fieldSelector(text: string, resource: ResourceName): Selects {
  const requirements = termsOf(text, "fieldSelector").map((term) => {
    const match = /^([A-Za-z.]+)(==?|!=)(.*)$/.exec(term);
    const [, path = "", operator, wanted = ""] = match ?? [];
    if (!fieldsOf(resource).includes(path)) {
      throw new ApiError(
        "BadRequest",
        `field label not supported: got ${JSON.stringify(term)}, expected ${fieldsOf(resource).join(", ")}`,
      );
    }
    return (object: KubeObject) => (fieldOf(object, path) === wanted) === (operator !== "!=");
  });
  return (object) => requirements.every((requirement) => requirement(object));
}

function fieldOf(object: KubeObject, path: string): unknown {
  let value: unknown = object;
  for (const key of path.split(".")) value = isRecord(value) ? value[key] : undefined;
  return value ?? "";
}

/** Splits at commas outside parentheses. */
function termsOf(text: string, what: string): readonly string[] {
  if (text.length > MAX_SELECTOR) throw new ApiError("BadRequest", `${what} is longer than ${MAX_SELECTOR} characters`);
  if (text.trim() === "") return [];
  return text.split(/,(?![^()]*\))/).map((term) => term.trim());
}

/**
 * A change as a watch with a selector sees it: an object that enters the selection is added, one that leaves it is deleted.
 *
 * @returns `undefined` where the watch sees nothing.
 */
export function selectedChange(change: Change, selects: Selects): { type: ChangeType; object: KubeObject } | undefined {
  const { previous, object } = change;
  const was = previous !== undefined && selects(previous);
  const is = change.type !== "DELETED" && selects(object);
  if (is) return { type: was ? "MODIFIED" : "ADDED", object };
  if (!was) return undefined;
  // The last state that was selected, under the version of the change: what the watch resumes from.
  const { resourceVersion } = object.metadata;
  return { type: "DELETED", object: { ...previous, metadata: { ...previous.metadata, resourceVersion } } };
}
