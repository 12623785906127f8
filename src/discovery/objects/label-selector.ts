import type * as v from "valibot";
import type { NodeSelector } from "../../domain/target-group.ts";
import { labels, list, mapping, text } from "./schema.ts";

/** A label selector of the API, as far as it is read. @see Kubernetes API reference, LabelSelector v1 meta. */
export const labelSelectorSchema = mapping({
  matchLabels: labels,
  matchExpressions: list(mapping({ key: text, operator: text, values: list(text) })),
});

/**
 * The labels that a selector asks for; `undefined` asks for the key alone, with whatever value.
 *
 * @returns `undefined` where labels cannot say it: a choice of values, or that a label must not be there.
 */
export function labelsOf(selector: v.InferOutput<typeof labelSelectorSchema> | null | undefined): NodeSelector | undefined {
  const found = new Map<string, string | undefined>();
  for (const [key, value] of selector?.matchLabels ?? []) found.set(key, value);
  for (const { key, operator, values } of selector?.matchExpressions ?? []) {
    const [only, ...others] = values;
    if (operator === "Exists") found.set(key, found.get(key));
    else if (operator === "In" && only !== undefined && others.length === 0 && (found.get(key) ?? only) === only) {
      found.set(key, only);
    } else return undefined;
  }
  return found;
}
