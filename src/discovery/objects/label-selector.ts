import * as v from "valibot";
import { entries, list, text } from "./schema.ts";

/** A label selector of the API, as far as it is read. @see Kubernetes API reference, LabelSelector v1 meta. */
export const labelSelectorSchema = v.object({
  matchLabels: entries,
  matchExpressions: list(v.object({ key: text, operator: text, values: list(text) })),
});

/**
 * The labels that a selector asks for; an empty value asks for the key alone.
 *
 * @returns `undefined` where labels cannot say it: a choice of values, or that a label must not be there.
 */
export function labelsOf(
  selector: v.InferOutput<typeof labelSelectorSchema> | null | undefined,
): ReadonlyMap<string, string> | undefined {
  const labels = new Map<string, string>();
  for (const [key, value] of selector?.matchLabels ?? []) labels.set(key, String(value));
  for (const { key, operator, values } of selector?.matchExpressions ?? []) {
    const [only, ...others] = values;
    if (operator === "Exists") labels.set(key, labels.get(key) ?? "");
    else if (operator === "In" && only !== undefined && others.length === 0) labels.set(key, only);
    else return undefined;
  }
  return labels;
}
