import { trimSpace } from "./go-values.ts";

/** `key=value,key=value`, as each of the two controllers reads it. */

/**
 * As the AWS Load Balancer Controller does, since 2.14.1.
 *
 * A comma separates only where an `=` follows it somewhere, so that `a=false,` has the value `false,`; a backslash keeps the next
 * character from separating.
 *
 * @returns `undefined` where it refuses the whole: an item without `=`, or with nothing before it.
 * @see aws-load-balancer-controller, pkg/annotations/parser.go (ParseStringMapAnnotation, splitKeyValuePairs).
 */
export function parseKeyValues(text: string): ReadonlyMap<string, string> | undefined {
  const found = new Map<string, string>();
  for (const item of splitPairs(text)) {
    const separator = item.indexOf("=");
    const key = trimSpace(item.slice(0, Math.max(0, separator)));
    if (key === "") return undefined;
    found.set(key, trimSpace(item.slice(separator + 1)));
  }
  return found;
}

function splitPairs(text: string): readonly string[] {
  const items: string[] = [];
  let item = "";
  for (let i = 0; i < text.length; i++) {
    const character = text.charAt(i);
    if (character === "\\" && i + 1 < text.length) {
      item += text.charAt(++i);
      continue;
    }
    const rest = character === "," ? trimSpace(text.slice(i + 1)) : "";
    // With nothing behind it, a comma belongs to the value.
    if (rest === "") {
      item += character;
      continue;
    }
    items.push(item);
    if (!rest.includes("=")) return [...items, rest];
    item = "";
  }
  return item === "" ? items : [...items, item];
}

/**
 * As the cloud provider does: nothing is escaped, spaces go around an item and stay around its `=`, and what follows a second `=` is
 * dropped. A key alone has an empty value; an item without a key is none.
 *
 * @see cloud-provider-aws, pkg/providers/v1/aws_loadbalancer.go (getKeyValuePropertiesFromAnnotation).
 */
export function parseCcmKeyValues(text: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const item of trimSpace(text).split(",")) {
    const [key = "", value = ""] = trimSpace(item).split("=");
    if (key !== "") found.set(key, value);
  }
  return found;
}
