import type { styleText } from "node:util";

/** `styleText` bound to where the text goes, so that NO_COLOR and pipes are honoured. */
export type Paint = (format: Parameters<typeof styleText>[0], text: string) => string;

/** Sentences are not read on lines longer than this. */
export const MAX_PROSE_WIDTH = 120;

/** Text from the cluster, safe for a terminal: no control characters, nothing that turns the reading direction. */
export const plain = (text: string): string => text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, "?");

/** Breaks a sentence at spaces; what follows the first line is indented. */
export function wrapped(text: string, width: number, indent: string, first = ""): string {
  const lines: string[] = [];
  let line = first;
  for (const word of text.split(" ")) {
    const joined = line.trim() === "" ? line + word : `${line} ${word}`;
    if (joined.length <= width || line.trim() === "") line = joined;
    else {
      lines.push(line);
      line = indent + word;
    }
  }
  return [...lines, line].join("\n");
}

/** Sentences under a title, each with what it is at its head. */
export const bullets = (label: string, sentences: readonly string[], width: number): readonly string[] =>
  sentences.map((sentence) => wrapped(`${label}${sentence}`, width, "    ", "  "));
