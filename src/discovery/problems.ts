import type { BaseIssue } from "valibot";

const MAX_SHOWN = 80;
/** What would break the line of a log, or be an order to a terminal. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for.
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;

/** A name for an error sentence: as it is, but on one line, and cut where it is longer than any name. */
export const printable = (text: string, max: number): string =>
  `${text.slice(0, max)}${text.length > max ? "…" : ""}`.replaceAll(UNPRINTABLE, "?");

/** A value for an error sentence: quoted, short, without control characters. */
export function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "a mapping";
  const text = typeof value === "string" ? JSON.stringify(value.slice(0, MAX_SHOWN)) : String(value);
  // JSON leaves DEL, the C1 controls and the line separators as they are; a log line must not.
  return text.replaceAll(UNPRINTABLE, "?");
}

export const issuePath = (issue: BaseIssue<unknown>): readonly PropertyKey[] =>
  (issue.path ?? []).map(({ key }) => (typeof key === "number" ? key : String(key)));

/** `spec.ports[0].port` */
export function pathOf(keys: readonly PropertyKey[]): string {
  const text = keys.map((key) => (typeof key === "number" ? `[${key}]` : `.${printable(String(key), MAX_SHOWN)}`)).join("");
  return text.replace(/^\./, "");
}

/**
 * What valibot found, as a sentence: where, what was given, what was expected.
 *
 * A schema's own message says what it expects ("a port from 1 to 65535"); valibot's messages all start with "Invalid", and then
 * its word for the type stands in.
 */
export function describeIssue(issue: BaseIssue<unknown>): string {
  const where = pathOf(issuePath(issue)) || "the whole";
  const isKey = issue.path?.at(-1)?.origin === "key";
  if (isKey && issue.expected === "never") return `${where}: unknown key`;
  if (isKey) return `${where}: got nothing, expected a value`;
  const expected = issue.message.startsWith("Invalid ") ? (issue.expected ?? "another value") : issue.message;
  return `${where}: got ${shown(issue.input)}, expected ${expected}`;
}
