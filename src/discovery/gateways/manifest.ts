import { Document, type Scalar, visit } from "yaml";

/** Characters that a terminal is not shown as they are: written as escapes, so that what is copied means the same. */
const UNSHOWN = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;
const escapeOf = (character: string): string =>
  [...Array(character.length).keys()].map((i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, "0")}`).join("");

/** An object as YAML to apply: nothing folded, nothing that a terminal would not show. */
export function manifestOf(object: object): string {
  const document = new Document(object);
  visit(document, {
    Scalar(_key, node: Scalar) {
      if (typeof node.value !== "string") return;
      // Lines are kept as a block; anything else of that kind is escaped, which only quotes allow.
      if (node.value.replaceAll("\n", "").search(UNSHOWN) !== -1) node.type = "QUOTE_DOUBLE";
    },
  });
  return document
    .toString({ lineWidth: 0 })
    .split("\n")
    .map((line) => line.replaceAll(UNSHOWN, escapeOf))
    .join("\n");
}
