import { isIP } from "node:net";
import * as v from "valibot";
import { describeIssue } from "../problems.ts";

/**
 * What the schemas of Kubernetes objects are made of.
 *
 * What Go leaves out when it is empty may be absent or null. Text that ends in labels, logs or DNS questions may not carry control
 * characters, whatever the server sends.
 */

/** An object that is not what its kind promises: every problem found, with its path. */
export class ObjectError extends Error {
  override readonly name = "ObjectError";
}

const MAX_TEXT = 253;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for.
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;
/** Text of a length, which may end anywhere. */
export const textUpTo = (max: number) =>
  v.pipe(
    v.string("text"),
    v.maxLength(max, `at most ${max} characters`),
    v.check((value) => !CONTROL.test(value), "text without control characters"),
  );
export const text = textUpTo(MAX_TEXT);
/** "" is how Go writes "none" where it writes it at all. */
export const address = v.pipe(
  text,
  v.check((value) => value === "" || isIP(value) !== 0, "an IP address"),
);
export const name = v.pipe(text, v.regex(/^[A-Za-z0-9]([A-Za-z0-9._:-]*[A-Za-z0-9])?$/, "the name of an object"));
export const port = v.pipe(
  v.number("a port from 1 to 65535"),
  v.integer("a whole number"),
  v.minValue(1, "a port from 1 to 65535"),
  v.maxValue(65_535, "a port from 1 to 65535"),
);
export const list = <Item extends v.GenericSchema>(item: Item) => v.nullish(v.array(item, "a list"), []);
export const optionalText = v.nullish(text);
const isMapping = (value: unknown): boolean => typeof value === "object" && value !== null && !Array.isArray(value);
/** valibot's own objects may be lists. */
export const mapping = <const Entries extends v.ObjectEntries>(entries: Entries) =>
  v.pipe(v.custom<object>(isMapping, "a mapping"), v.object(entries));
/** valibot's own records leave out keys such as `constructor`; own entries have no such trouble. */
export const entries = v.pipe(
  v.nullish(v.custom<object>(isMapping, "a mapping"), {}),
  v.transform((value): readonly (readonly [string, unknown])[] => Object.entries(value)),
);
/** Labels of an object, or those that a selector asks for. */
export const labels = v.pipe(
  entries,
  v.rawTransform(({ dataset: { value: given }, addIssue, NEVER }): readonly (readonly [string, string])[] => {
    for (const [key, value] of given) {
      const problem = v.safeParse(text, value).issues?.[0] ?? v.safeParse(text, key).issues?.[0];
      if (problem === undefined) continue;
      const { message } = problem;
      addIssue({ message, input: value, path: [{ type: "unknown", origin: "value", input: given, key, value }] });
      return NEVER;
    }
    return given as readonly (readonly [string, string])[];
  }),
);

/** @throws ObjectError with the first problems of an object, each with its path. */
export function parseAs<Schema extends v.GenericSchema>(schema: Schema, object: unknown, kind: string): v.InferOutput<Schema> {
  const result = v.safeParse(schema, object);
  if (result.success) return result.output;
  const problems = result.issues.slice(0, 5).map(describeIssue);
  throw new ObjectError(`${kind}: ${problems.join("; ")}`);
}
