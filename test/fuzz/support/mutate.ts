/** Valid input with a few things wrong with it: what gets past the first checks, and fails further in. */
import fc from "fast-check";
import { hostileJson, hostileText } from "./hostile.ts";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** A value that is written as it is given: what JSON can say and no value of ours can. */
class Raw {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** JSON as it is edited: objects as lists of entries, so that a key can be there twice, or be called `__proto__`. */
type Tree = Raw | Tree[] | { readonly entries: [string, Tree][] };

const treeOf = (value: Json): Tree => {
  if (Array.isArray(value)) return value.map(treeOf);
  if (typeof value === "object" && value !== null) {
    return { entries: Object.entries(value).map(([key, item]): [string, Tree] => [key, treeOf(item)]) };
  }
  return new Raw(JSON.stringify(value));
};

function written(tree: Tree): string {
  if (tree instanceof Raw) return tree.text;
  if (Array.isArray(tree)) return `[${tree.map(written).join()}]`;
  return `{${tree.entries.map(([key, item]) => `${JSON.stringify(key)}:${written(item)}`).join()}}`;
}

/** A place in a tree: what is there, and how to put something else there. */
interface Place {
  readonly tree: Tree;
  readonly replace: (tree: Tree) => void;
  readonly remove: () => void;
}

function placesIn(tree: Tree, found: Place[] = []): readonly Place[] {
  const visit = (place: Place): void => {
    found.push(place);
    placesIn(place.tree, found);
  };
  if (Array.isArray(tree)) {
    for (const [index, item] of tree.entries()) {
      visit({
        tree: item,
        replace: (other) => {
          tree[index] = other;
        },
        remove: () => tree.splice(index, 1),
      });
    }
  } else if (!(tree instanceof Raw)) {
    for (const entry of tree.entries) {
      visit({
        tree: entry[1],
        replace: (other) => {
          entry[1] = other;
        },
        remove: () => tree.entries.splice(tree.entries.indexOf(entry), 1),
      });
    }
  }
  return found;
}

interface Edit {
  readonly kind: "replace" | "remove" | "add" | "wrap" | "repeat";
  readonly at: number;
  readonly key: string;
  readonly value: string;
}

function apply(tree: Tree, { kind, at, key, value }: Edit): void {
  const places = placesIn(tree);
  const place = places[at % Math.max(1, places.length)];
  if (place === undefined) return;
  const { tree: there } = place;
  if (kind === "replace") place.replace(new Raw(value));
  else if (kind === "remove") place.remove();
  else if (kind === "wrap") place.replace(at % 2 === 0 ? [there] : { entries: [[key, there]] });
  else if (kind === "repeat" && Array.isArray(there)) there.push(...there.slice(0, 20));
  else if (Array.isArray(there)) there.push(new Raw(value));
  else if (there instanceof Raw) place.replace(new Raw(value));
  else there.entries.push([key, new Raw(value)]);
}

export interface Pools {
  /** Keys that mean something where objects are open, such as annotations. */
  readonly keys?: readonly string[];
  /** Values that mean something. */
  readonly texts?: readonly string[];
}

/** JSON texts: one of the valid values with up to five edits. */
export function mutatedJson(bases: readonly Json[], { keys = [], texts = [] }: Pools = {}): fc.Arbitrary<string> {
  const key = keys.length === 0 ? hostileText : fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...keys) }, hostileText);
  const value =
    texts.length === 0
      ? hostileJson
      : fc.oneof(
          hostileJson,
          fc.constantFrom(...texts).map((text) => JSON.stringify(text)),
        );
  const edit: fc.Arbitrary<Edit> = fc.record({
    kind: fc.constantFrom("replace", "replace", "remove", "add", "add", "wrap", "repeat"),
    at: fc.nat({ max: 10_000 }),
    key,
    value,
  });
  return fc
    .record({ base: fc.nat({ max: bases.length - 1 }), edits: fc.array(edit, { maxLength: 5 }) })
    .map(({ base, edits }) => {
      const tree = treeOf(bases[base] ?? null);
      for (const each of edits) apply(tree, each);
      return written(tree);
    });
}

interface TextEdit {
  readonly kind: "insert" | "delete" | "repeat" | "overwrite";
  readonly at: number;
  readonly length: number;
  readonly text: string;
}

function editText(text: string, { kind, at, length, text: other }: TextEdit): string {
  const from = at % (text.length + 1);
  const [head, cut, tail] = [text.slice(0, from), text.slice(from, from + length), text.slice(from + length)];
  if (kind === "insert") return head + other + cut + tail;
  if (kind === "delete") return head + tail;
  return kind === "repeat" ? head + cut + cut + tail : head + other + tail;
}

/** Texts: one of the valid ones with a few edits, which know the words of the notation. */
export function mutatedText(bases: readonly string[], words: readonly string[], maxEdits = 6): fc.Arbitrary<string> {
  const edit: fc.Arbitrary<TextEdit> = fc.record({
    kind: fc.constantFrom("insert", "insert", "delete", "repeat", "overwrite"),
    at: fc.nat({ max: 100_000 }),
    length: fc.oneof(fc.nat({ max: 8 }), fc.nat({ max: 200 })),
    text: fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...words) }, hostileText),
  });
  return fc
    .record({ base: fc.nat({ max: bases.length - 1 }), edits: fc.array(edit, { maxLength: maxEdits }) })
    .map(({ base, edits }) => edits.reduce(editText, bases[base] ?? ""));
}

/** Bytes as the characters 0 to 255, which JSON can say; other characters of a text become those of UTF-8. */
export const mutatedBytes = (bases: readonly string[], words: readonly string[], maxEdits?: number): fc.Arbitrary<string> =>
  mutatedText(bases, words, maxEdits).map((text) =>
    text.replaceAll(/[\u0100-\u{10ffff}]/gu, (character) => Buffer.from(character, "utf8").toString("latin1")),
  );

/** Any bytes, in the same form. */
export const anyBytes = (maxLength: number): fc.Arbitrary<string> =>
  fc.uint8Array({ maxLength }).map((bytes) => Buffer.from(bytes).toString("latin1"));
