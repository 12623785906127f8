/** YAML that is small and means much, or nothing. */
import fc from "fast-check";
import { hostileText } from "./hostile.ts";

/** Pieces that change how everything around them is read. */
export const YAML_WORDS = [
  "\n",
  "\n  ",
  "\n- ",
  "\t",
  ": ",
  "? ",
  "- ",
  "&a ",
  "*a",
  "*b",
  "<<: ",
  "!!binary ",
  "!!set ",
  "!!str ",
  "!!timestamp ",
  "!x ",
  "|\n",
  ">-\n",
  "---\n",
  "...\n",
  "%YAML 1.1\n",
  "# ",
  "{",
  "}",
  "[",
  "]",
  ",",
  '"',
  "'",
  "\\x1b",
  "null",
  "~",
  "0x1f",
  "0o17",
  "1_000",
  ".inf",
  ".nan",
  "2.10",
] as const;

/** Aliases that multiply: ten of ten of ten. */
const laughs = (key: string, depth: number): string =>
  Array.from({ length: depth }, (_, level) => {
    const item = level === 0 ? "x" : `*l${level - 1}`;
    return `${level === depth - 1 ? key : `k${level}`}: &l${level} [${Array(10).fill(item).join(", ")}]`;
  }).join("\n");

/** What is deep, large, or refers to itself, under a key that is read. */
export const hostileYaml = (key: string): fc.Arbitrary<string> =>
  fc.oneof(
    fc.nat({ max: 9 }).map((depth) => laughs(key, depth + 1)),
    fc.constantFrom(`${key}: &a [*a]`, `&a {${key}: *a}`, `${key}: &a {b: *a}`, `&a [*a]`, `${key}: *nobody`),
    fc.nat({ max: 1_500 }).map((depth) => `${key}: ${"[".repeat(depth)}`),
    fc.nat({ max: 1_500 }).map((depth) => `${"{a: ".repeat(depth)}`),
    fc.nat({ max: 500 }).map((depth) => "- ".repeat(depth)),
    fc.nat({ max: 300 }).map((count) => `${key}:\n${"  a: 1\n".repeat(count)}`),
    hostileText.map((text) => `${key}: ${text}`),
    hostileText.map((text) => `${key}: ${JSON.stringify(text)}`),
    hostileText.map((text) => `${JSON.stringify(text)}: 1`),
    hostileText,
  );
