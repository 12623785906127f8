import { plain } from "./text.ts";

/** Nothing that a Service is called may become markup. @see CommonMark, backslash escapes. */
export const escaped = (text: string): string => plain(text).replaceAll(/[\\`*_{}[\]<>()#+!|~&$-]/g, "\\$&");

/** A row of a table. */
export const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
