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
export const text = v.pipe(
  v.string("text"),
  v.maxLength(MAX_TEXT, `at most ${MAX_TEXT} characters`),
  v.check((value) => !CONTROL.test(value), "text without control characters"),
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
/** valibot's own records leave out keys such as `constructor`; own entries have no such trouble. */
export const entries = v.pipe(
  v.nullish(
    v.custom<object>((value) => typeof value === "object" && value !== null && !Array.isArray(value), "a mapping"),
    {},
  ),
  v.transform((value): readonly (readonly [string, unknown])[] => Object.entries(value)),
);

/** @throws ObjectError with the first problems of an object, each with its path. */
export function parseAs<Schema extends v.GenericSchema>(schema: Schema, object: unknown, kind: string): v.InferOutput<Schema> {
  const result = v.safeParse(schema, object);
  if (result.success) return result.output;
  const problems = result.issues.slice(0, 5).map(describeIssue);
  throw new ObjectError(`${kind}: ${problems.join("; ")}`);
}
