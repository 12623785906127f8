import type { KubeObject } from "./objects.ts";
import { ApiError } from "./store.ts";

export type Selects = (object: KubeObject) => boolean;

/**
 * A label selector: `a=b`, `a==b`, `a!=b`, `a in (b,c)`, `a notin (b,c)`, `a`, `!a`, joined by commas.
 *
 * @throws ApiError 400 for anything else.
 * @see Kubernetes, "Labels and Selectors".
 */
export function labelSelector(text: string): Selects {
  const terms = [...text.matchAll(/(?:[^,(]|\([^)]*\))+/g)].map(([term]) => labelTerm(term.trim()));
  return ({ metadata }) => terms.every((term) => term(new Map(Object.entries(metadata.labels ?? {}))));
}

function labelTerm(term: string): (labels: ReadonlyMap<string, string>) => boolean {
  const set = /^(\S+)\s+(in|notin)\s+\(([^)]*)\)$/.exec(term);
  if (set?.[1] !== undefined) {
    const [, key, operator, list = ""] = set;
    const values = new Set(list.split(",").map((value) => value.trim()));
    return (labels) => values.has(labels.get(key) ?? "") === (operator === "in") && (operator === "notin" || labels.has(key));
  }
  const equality = /^([^!=\s]+)\s*(==?|!=)\s*([^!=\s]*)$/.exec(term);
  if (equality?.[1] !== undefined) {
    const [, key, operator, value = ""] = equality;
    return (labels) => (labels.get(key) === value) === (operator !== "!=");
  }
  const existence = /^(!?)([^!=\s]+)$/.exec(term);
  if (existence?.[2] === undefined) throw new ApiError(400, "BadRequest", `unable to parse requirement: ${term}`);
  const [, not, key] = existence;
  return (labels) => labels.has(key) === (not === "");
}

/** A field selector over `spec.type`, `metadata.name` and `metadata.namespace`: those that Services know. */
export function fieldSelector(text: string): Selects {
  const terms = text
    .split(",")
    .filter((term) => term !== "")
    .map((term) => {
      const match = /^(spec\.type|metadata\.name|metadata\.namespace)(==?|!=)(.*)$/.exec(term.trim());
      if (match?.[1] === undefined) throw new ApiError(400, "BadRequest", `field label not supported: ${term}`);
      const [, path, operator, value] = match;
      const [outer = "", inner = ""] = path.split(".");
      return (object: KubeObject) => {
        const part = (object as unknown as Record<string, Record<string, unknown> | undefined>)[outer];
        return (part?.[inner] === value) === (operator !== "!=");
      };
    });
  return (object) => terms.every((term) => term(object));
}
